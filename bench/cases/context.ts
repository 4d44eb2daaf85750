import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { createLogger, mdc, ndc } from 'logflume'
import { fields, measure, message, type CallInput, type Subject } from './calls.ts'
import { input } from './report.ts'

const run = (): Promise<void> => measure(open)
const request = { user: 7, req: 'x'.repeat(8) }

// The two fields that the other benchmarks have bound are in the MDC here, so that all lines but those of the
// NDC and of spans are of one length.
const ways: Readonly<Record<string, () => Promise<void>>> = {
  mdc: () => mdc.run(request, run),
  nested: () => mdc.run({ user: 7 }, () => ndc.run('outer', () => mdc.run({ req: request.req }, run))),
  span: () => {
    trace.setGlobalTracerProvider(new BasicTracerProvider())
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    return trace.getTracer('bench').startActiveSpan('all', run)
  },
}
const { way = '' } = input() as CallInput
await (ways[way] ?? run)()

function open({ way, dir }: CallInput): Subject {
  const root = createLogger({ name: 'shop', dir })
  const bound = root.child(request)
  const log = way?.includes('mdc') === true || way === 'nested' ? root : bound
  const calls: Readonly<Record<string, (n: number) => void>> = {
    'mdc each': (n) => mdc.run(request, () => root.info(message, fields(n))),
    'child each': (n) => root.child(request).info(message, fields(n)),
  }
  return {
    log: calls[way ?? ''] ?? ((n) => log.info(message, fields(n))),
    disabled: () => log.debug(message),
    child: (n) => log.child({ n }),
    async end() {
      await root.close()
    },
  }
}
