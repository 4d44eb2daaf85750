import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig } from 'tsup'
import { configSchema } from './src/config/schema/config-schema.ts'

// Every door is an entry, and so is the worker: shared code goes into chunks, so that all doors of one
// process share one state whichever of them was imported first, by `import` or by `require`.
export default defineConfig({
  entry: [
    'src/index.ts',
    'src/consumer.ts',
    'src/journal.ts',
    'src/pino.ts',
    'src/sinks/elasticsearch.ts',
    'src/sinks/s3.ts',
    'src/sinks/zabbix.ts',
    'src/stream.ts',
    'src/winston.ts',
    'src/worker.ts',
  ],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true,
  sourcemap: true,
  clean: true,
  dts: process.env.LOGFLUME_BUILD !== 'fast',
  plugins: [
    {
      name: 'schema for editors',
      async buildEnd() {
        const file = join(this.options.outDir, 'config.schema.json')
        await writeFile(file, `${JSON.stringify(configSchema, undefined, 2)}\n`)
      },
    },
  ],
})
