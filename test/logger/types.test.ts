import { expectTypeOf } from 'expect-type'
import { test } from 'node:test'
import {
  captureConsole,
  consoleOutputter,
  createLogger,
  dateFileOutputter,
  defineOutputter,
  fileOutputter,
  gdc,
  globalLogger,
  jsonFormatter,
  mdc,
  ndc,
  patternFormatter,
  prettyFormatter,
  requestFields,
  rollingFileOutputter,
  type BasicOptions,
  type CallOrigin,
  type CapturedConsole,
  type CaptureConsoleOptions,
  type ConsoleOutputterOptions,
  type ConsoleTarget,
  type ContextOptions,
  type CreateLoggerOptions,
  type DateFileOutputterOptions,
  type Diagnostic,
  type DiagnosticHandler,
  type ErrorCode,
  type FieldOptions,
  type Fields,
  type FileOutputterOptions,
  type Formatter,
  type ForwardOptions,
  type GlobalContext,
  type GlobalLevel,
  type GlobalLogger,
  type JournalOptions,
  type JsonOptions,
  type LevelName,
  type LevelSetting,
  type LogflumeError,
  type Logger,
  type LoggerOptions,
  type LoggerStats,
  type LogMethod,
  type LogRecord,
  type Losses,
  type MappedContext,
  type NameMap,
  type NestedContext,
  type Outputter,
  type OutputterDefinition,
  type OutputterEntry,
  type OutputterOptions,
  type OutputterStats,
  type PatternOptions,
  type PrettyOptions,
  type RedactOptions,
  type RollingFileOutputterOptions,
  type Route,
  type SaslOptions,
  type TlsOptions,
  type TokenProvider,
} from 'logflume'

// The compiler is what may fail here; the loggers keep no journal.

test('a level of your own is a typed method, on every logger of the tree', () => {
  const log = createLogger({ name: 'shop', levels: { audit: 35, chatter: 5 }, journal: false })
  expectTypeOf(log).toEqualTypeOf<Logger<'audit' | 'chatter'>>()
  expectTypeOf(log.audit).toEqualTypeOf<LogMethod>()
  expectTypeOf(log.get('db').child({ a: 1 }).chatter).toEqualTypeOf<LogMethod>()
  expectTypeOf(log).not.toHaveProperty('panic')
  expectTypeOf<(typeof log)['isLevelEnabled']>().parameter(0).toEqualTypeOf<LevelName<'audit' | 'chatter'>>()
  expectTypeOf(log.log).toBeCallableWith('audit', 'm', { a: 1 })
  // @ts-expect-error There is no such level.
  log.log('panic', 'm')
})

test('without levels of your own there are the six', () => {
  const log = createLogger({ name: 'shop', journal: false })
  expectTypeOf(log).toEqualTypeOf<Logger>()
  expectTypeOf(log).not.toHaveProperty('audit')
  expectTypeOf(log.info).toBeCallableWith({ a: 1 }, 'm')
  expectTypeOf(log.info).toBeCallableWith(() => 'm')
  const caught: unknown = new Error('no')
  expectTypeOf(log.error).toBeCallableWith(caught, 'm')
})

test('outputters and formatters', () => {
  expectTypeOf(consoleOutputter).returns.toEqualTypeOf<Outputter>()
  expectTypeOf(patternFormatter).returns.toEqualTypeOf<Formatter>()
  expectTypeOf(jsonFormatter).toBeCallableWith({ names: { message: 'msg', 'process.pid': false } })
  expectTypeOf<LoggerStats['outputters'][string]>().toEqualTypeOf<OutputterStats>()
  const outputter = defineOutputter({
    name: 'mine',
    formatter: (record) => {
      expectTypeOf(record).toEqualTypeOf<LogRecord>()
      return record.message
    },
    write(entries) {
      expectTypeOf(entries[0]?.record).toEqualTypeOf<LogRecord | undefined>()
    },
  })
  expectTypeOf(outputter.level).toEqualTypeOf<string | undefined>()
})

test('what a logger is set to, and what it says of itself', () => {
  const log = createLogger({ name: 'shop', levels: { audit: 35 }, journal: false })
  expectTypeOf(log.level).toEqualTypeOf<LevelSetting<'audit'>>()
  expectTypeOf<'warn' | 'off' | 'audit'>().toExtend<LevelSetting<'audit'>>()
  log.level = process.env.LOG_LEVEL
  log.level = undefined
  expectTypeOf(log.additive).toBeBoolean()
  expectTypeOf(log.tracing).toBeBoolean()
  log.tracing = undefined
  expectTypeOf(log.outputters).toEqualTypeOf<readonly Outputter[]>()
  expectTypeOf(log.getOutputter('a')).toEqualTypeOf<Outputter | undefined>()
  expectTypeOf(log.stats()).toEqualTypeOf<LoggerStats>()
  expectTypeOf(log.flush({ timeout: 5 })).resolves.toEqualTypeOf<LoggerStats>()
  expectTypeOf(log.close()).resolves.toEqualTypeOf<LoggerStats>()
  expectTypeOf(log).toExtend<AsyncDisposable>()
  expectTypeOf<LoggerStats['lost']>().toEqualTypeOf<Losses>()
  expectTypeOf<Losses>().toEqualTypeOf<Readonly<Record<string, number>>>()
  expectTypeOf(globalLogger).toEqualTypeOf<GlobalLogger>()
  expectTypeOf<GlobalLogger['level']>().toEqualTypeOf<GlobalLevel>()
  expectTypeOf<'all' | 'off' | 'fatal'>().toExtend<GlobalLevel>()
})

test('options of a logger', () => {
  expectTypeOf(createLogger).parameter(0).toExtend<CreateLoggerOptions>()
  expectTypeOf<CreateLoggerOptions>().toExtend<LoggerOptions & JournalOptions>()
  expectTypeOf<CreateLoggerOptions<'audit'>['levels']>().toEqualTypeOf<
    Readonly<Record<'audit', number>> | undefined
  >()
  expectTypeOf<{ name: string }>().toExtend<CreateLoggerOptions>()
  expectTypeOf<{ dir: string }>().not.toExtend<CreateLoggerOptions>()
  expectTypeOf<NonNullable<CreateLoggerOptions['kafka']>>().toExtend<ForwardOptions>()
  expectTypeOf<{ topic: string; level: string }>().toExtend<Route>()
  expectTypeOf<NonNullable<ForwardOptions['sasl']>>().toEqualTypeOf<SaslOptions>()
  expectTypeOf<ForwardOptions['tls']>().toEqualTypeOf<boolean | TlsOptions | undefined>()
  expectTypeOf<TokenProvider>().toBeFunction()
  expectTypeOf<CreateLoggerOptions['onDiagnostic']>().toEqualTypeOf<DiagnosticHandler | undefined>()
  expectTypeOf<DiagnosticHandler>().toEqualTypeOf<(diagnostic: Diagnostic) => void>()
  expectTypeOf<LogflumeError['code']>().toEqualTypeOf<ErrorCode>()
  expectTypeOf<LogflumeError>().toExtend<Error>()
})

test('options of fields', () => {
  expectTypeOf<LoggerOptions>().toExtend<FieldOptions>()
  expectTypeOf<FieldOptions['mdc']>().toEqualTypeOf<ContextOptions | false | undefined>()
  expectTypeOf<FieldOptions['redact']>().toEqualTypeOf<readonly string[] | RedactOptions | undefined>()
  interface User {
    readonly id: number
  }
  expectTypeOf<RedactOptions>().toHaveProperty('paths').toEqualTypeOf<readonly string[]>()
  expectTypeOf<{ censor: string }>().not.toExtend<RedactOptions>()
  expectTypeOf<{ readonly user: (user: User) => object; readonly req: false }>().toExtend<
    NonNullable<FieldOptions['serializers']>
  >()
  expectTypeOf<{ readonly user: 'id' }>().not.toExtend<NonNullable<FieldOptions['serializers']>>()
  expectTypeOf(requestFields).toEqualTypeOf<(request: object) => Fields>()
})

test('contexts', () => {
  expectTypeOf(mdc).toEqualTypeOf<MappedContext>()
  expectTypeOf(mdc.run({ a: 1 }, () => 5)).toBeNumber()
  expectTypeOf(mdc.run({ a: 1 }, () => Promise.resolve('a'))).resolves.toBeString()
  expectTypeOf(mdc.get('a')).toBeUnknown()
  expectTypeOf(mdc.getContext()).toEqualTypeOf<Readonly<Fields>>()
  expectTypeOf<MappedContext['put']>().parameters.toEqualTypeOf<[key: string, value: unknown]>()
  expectTypeOf(ndc).toEqualTypeOf<NestedContext>()
  expectTypeOf(ndc.run('a', () => true)).toBeBoolean()
  expectTypeOf(ndc.pop()).toEqualTypeOf<string | undefined>()
  expectTypeOf(ndc.cloneStack()).toEqualTypeOf<readonly string[]>()
  expectTypeOf(gdc).toEqualTypeOf<GlobalContext>()
  expectTypeOf(gdc.get()).toEqualTypeOf<string | undefined>()
})

test('what outputters and formatters are made with, and get', () => {
  expectTypeOf(consoleOutputter).parameter(0).toEqualTypeOf<ConsoleOutputterOptions | undefined>()
  expectTypeOf(fileOutputter).toEqualTypeOf<(options: FileOutputterOptions) => Outputter>()
  expectTypeOf(rollingFileOutputter).toEqualTypeOf<(options: RollingFileOutputterOptions) => Outputter>()
  expectTypeOf(dateFileOutputter).toEqualTypeOf<(options: DateFileOutputterOptions) => Outputter>()
  expectTypeOf(defineOutputter).toEqualTypeOf<(definition: OutputterDefinition) => Outputter>()
  expectTypeOf<FileOutputterOptions>().toExtend<OutputterOptions>()
  expectTypeOf<OutputterOptions['formatter']>().toEqualTypeOf<Formatter | undefined>()
  expectTypeOf<OutputterEntry>().toEqualTypeOf<{ readonly text: string; readonly record: LogRecord }>()
  expectTypeOf<Outputter['onlyAt']>().toEqualTypeOf<readonly string[] | undefined>()
  expectTypeOf<Formatter>().toEqualTypeOf<(record: LogRecord) => string>()
  expectTypeOf<LogRecord['origin']>().toEqualTypeOf<CallOrigin | undefined>()
  expectTypeOf<LogRecord['mdc']>().toEqualTypeOf<Readonly<Fields> | undefined>()
  expectTypeOf<LogRecord['ndc']>().toEqualTypeOf<readonly string[] | undefined>()
  expectTypeOf(patternFormatter).parameter(1).toEqualTypeOf<PatternOptions | undefined>()
  expectTypeOf(prettyFormatter).parameter(0).toEqualTypeOf<PrettyOptions | undefined>()
  expectTypeOf<JsonOptions['names']>().toEqualTypeOf<'ecs' | 'pino' | NameMap | undefined>()
  expectTypeOf<BasicOptions>().toHaveProperty('depth')
})

test('the console, captured by any of our loggers', () => {
  expectTypeOf<Logger<'audit'>>().toExtend<ConsoleTarget>()
  expectTypeOf(captureConsole).parameter(1).toEqualTypeOf<CaptureConsoleOptions | undefined>()
  expectTypeOf(captureConsole).returns.toEqualTypeOf<CapturedConsole>()
  expectTypeOf<CapturedConsole>().toExtend<Disposable>()
})
