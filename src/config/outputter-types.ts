import { LogflumeError, toError } from '../errors.ts'
import type { Formatter } from '../logger/formatters/formatter.ts'
import { jsonFormatter } from '../logger/formatters/json-formatter.ts'
import { basicFormatter, objectFormatter, simpleFormatter } from '../logger/formatters/log4r-formatters.ts'
import { patternFormatter } from '../logger/formatters/pattern-formatter.ts'
import { prettyFormatter } from '../logger/formatters/pretty-formatter.ts'
import { consoleOutputter } from '../logger/outputters/console-outputter.ts'
import { dateFileOutputter } from '../logger/outputters/date-file-outputter.ts'
import { fileOutputter, type FileOutputterOptions } from '../logger/outputters/file-outputter.ts'
import type { Outputter, OutputterOptions } from '../logger/outputters/outputter.ts'
import { rollingFileOutputter } from '../logger/outputters/rolling-file-outputter.ts'
import { OptionReader, refuse, refuseOption, within } from '../options.ts'

/** Makes an outputter of what a configuration says of it, but for `type`; its formatter is one already. */
export type OutputterType = (options: OutputterOptions & Readonly<Record<string, unknown>>) => Outputter

/** Makes a formatter of what a configuration says of it, but for `type`. */
export type FormatterType = (options: Readonly<Record<string, unknown>>) => Formatter

// What they take is checked by each of them, so that any object may be tried.
const outputterTypes: Readonly<Record<string, OutputterType>> = {
  console: consoleOutputter,
  file: (options) => fileOutputter(options as unknown as FileOutputterOptions),
  rollingFile: (options) => rollingFileOutputter(options as unknown as FileOutputterOptions),
  dateFile: (options) => dateFileOutputter(options as unknown as FileOutputterOptions),
}

const formatterTypes: Readonly<Record<string, FormatterType>> = {
  pattern: ({ pattern, ...options }) => patternFormatter(pattern as string, options),
  pretty: prettyFormatter,
  json: jsonFormatter,
  basic: basicFormatter,
  simple: (options) => {
    new OptionReader('options', options).end()
    return simpleFormatter()
  },
  object: objectFormatter,
}

export interface ConfigTypes {
  /** Kinds of outputters by the `type` that the configuration says, beside `console`, `file`, … @default {} */
  readonly outputters?: Readonly<Record<string, OutputterType>>
  /** Kinds of formatters, beside `pattern`, `pretty`, … @default {} */
  readonly formatters?: Readonly<Record<string, FormatterType>>
  /** Functions that the configuration's `serializers` name, as in `serializers: { user: short }`. @default {} */
  readonly serializers?: Readonly<Record<string, (value: never) => unknown>>
}

/** What a configuration can name. */
export class Types {
  readonly #outputters: Readonly<Record<string, OutputterType>>
  readonly #formatters: Readonly<Record<string, FormatterType>>

  readonly #serializers: Readonly<Record<string, (value: never) => unknown>>

  /** Ends the reader. */
  constructor(reader: OptionReader) {
    this.#outputters = { ...outputterTypes, ...readFactories<OutputterType>(reader, 'outputters') }
    this.#formatters = { ...formatterTypes, ...readFactories<FormatterType>(reader, 'formatters') }
    this.#serializers = readFactories<(value: never) => unknown>(reader, 'serializers')
    reader.end()
  }

  serializer(option: string, name: string): (value: never) => unknown {
    const names = Object.keys(this.#serializers).join(', ')
    return (
      this.#serializers[name] ??
      refuse(option, `one of the types of serializers, of ${names || 'none'}`, name)
    )
  }

  get outputters(): readonly string[] {
    return Object.keys(this.#outputters)
  }

  /** `options` are those of the outputter called `option`, without its type. */
  outputter(option: string, type: string, options: Readonly<Record<string, unknown>>): unknown {
    const { formatter, ...others } = options
    const made =
      formatter === undefined ? {} : { formatter: this.#formatter(`${option}.formatter`, formatter) }
    return make(option, () => this.#outputters[type]?.({ ...others, ...made }))
  }

  /** The name of a type says all where it needs no options. */
  #formatter(option: string, value: unknown): Formatter {
    const reader = new OptionReader(option, typeof value === 'string' ? { type: value } : value)
    const type = reader.oneOf('type', Object.keys(this.#formatters))
    const others = Object.fromEntries(Object.entries(reader.values).filter(([key]) => key !== 'type'))
    const made = make(option, () => this.#formatters[type]?.(others))
    return typeof made === 'function' ? made : refuse(option, 'a function of a record from its type', made)
  }
}

function readFactories<T extends (...args: never[]) => unknown>(
  reader: OptionReader,
  key: string,
): Readonly<Record<string, T>> {
  const section = reader.section(key)
  const names = Object.keys(reader.raw(key) ?? {})
  return Object.fromEntries(
    names.map((name) => {
      const factory = section.raw(name)
      return [
        name,
        typeof factory === 'function' ? (factory as T) : refuse(section.at(name), 'a function', factory),
      ]
    }),
  )
}

/** Whatever a type throws is about this place of the configuration. */
function make<T>(option: string, factory: () => T): T {
  try {
    return within(option, factory)
  } catch (thrown) {
    if (thrown instanceof LogflumeError && thrown.option?.startsWith(option) === true) throw thrown
    return refuseOption(option, toError(thrown).message, thrown)
  }
}
