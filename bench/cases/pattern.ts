import { join } from 'node:path'
import log4js from 'log4js'
import { createLogger, fileOutputter, patternFormatter } from 'logflume'
import { boundFields, measure, message, type CallInput, type Subject } from './calls.ts'

const { configure, getLogger, shutdown } = log4js

// The same pattern in both, and the same file: time, level, logger, message and one field.
await measure((options) => (options.way === 'log4js' ? openLog4js(options) : openLogflume(options)))

function openLogflume(options: CallInput): Subject {
  const formatter = patternFormatter('%d{yyyy-MM-dd HH:mm:ss.SSS} [%p] %c %X{req} - %m%n')
  const file = fileOutputter({ file: join(options.dir, 'pattern.log'), formatter })
  const root = createLogger({ name: 'shop', journal: false, outputters: [file] })
  const log = root.child(boundFields(options))
  return {
    log: (n) => log.info(`${message} ${n}`),
    disabled: () => log.debug(message),
    child: (n) => log.child({ n }),
    async end() {
      await root.close()
    },
  }
}

function openLog4js(options: CallInput): Subject {
  const layout = { type: 'pattern', pattern: '%d{yyyy-MM-dd hh:mm:ss.SSS} [%p] %c %X{req} - %m' }
  configure({
    appenders: { file: { type: 'file', filename: join(options.dir, 'pattern.log'), layout } },
    categories: { default: { appenders: ['file'], level: 'info' } },
  })
  const log = getLogger('shop')
  for (const [key, value] of Object.entries(boundFields(options))) log.addContext(key, value)
  return {
    log: (n) => log.info(`${message} ${n}`),
    disabled: () => log.debug(message),
    child: () => getLogger('shop'),
    end: () => new Promise((resolve) => shutdown(() => resolve())),
  }
}
