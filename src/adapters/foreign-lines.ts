import { keptName, reservedNames } from '../logger/field.ts'
import { Keys } from '../logger/key.ts'
import { flat, quote } from '../logger/quote.ts'
import { CommonParts, type CommonPart } from './common-part.ts'
import { errorEntries } from './foreign-error.ts'
import { ForeignTime, isFiner } from './foreign-time.ts'
import { compact, JsonEntries } from './json-entries.ts'
import type { FieldNames } from './line-format.ts'

/** How another logger calls things. */
export interface Dialect {
  /** Names of levels by their numbers. */
  readonly levels: Readonly<Record<string, string>>
  readonly messageKey: string
  readonly errorKey: string
  /** Properties that say nothing, by name, where their JSON is this. */
  readonly idle: Readonly<Record<string, string>>
}

export const PINO: Dialect = {
  levels: { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' },
  messageKey: 'msg',
  errorKey: 'err',
  idle: {},
}

/** `v` is the version of the format, of which there is one. */
export const BUNYAN: Dialect = { ...PINO, idle: { v: '0' } }

type Role = 'time' | 'level' | 'logger' | 'message' | 'error' | 'field'

/** Where a property goes; `name` is false where it is left out. */
interface Target {
  readonly role: Role
  readonly name: string | false
  /** `,"name":`, or nothing. */
  readonly head: string
}

/** Each as `,"name":value`; '' what is left out, undefined what has not come. */
interface Line {
  time: string | undefined
  level: string | undefined
  logger: string | undefined
  /** What stands before the fields, and none of them is in. */
  common: CommonPart | undefined
  /** Values by `,"name":`. A later field of a name replaces the earlier. */
  readonly fields: Map<string, string>
}

/** Written out, as spreading an object costs more than reading a property. */
function emptyLine(): Line {
  return { time: undefined, level: undefined, logger: undefined, common: undefined, fields: new Map() }
}

/** Names that mean the same in every line, whatever the other logger calls them. */
const ROLES: ReadonlyMap<string | false, Role> = new Map([
  ['@timestamp', 'time'],
  ['log.level', 'level'],
  ['log.logger', 'logger'],
  ['message', 'message'],
  ['error', 'error'],
])

/** Makes lines in ECS names, or in the user's, of those that pino and bunyan write. */
export class ForeignLines {
  readonly #logger: string
  readonly #service: string
  readonly #names: FieldNames
  readonly #now: () => number
  readonly #times = new ForeignTime()
  readonly #entries = new JsonEntries()
  readonly #common = new CommonParts()
  #dialect: Dialect
  readonly #levels = new Map<string, string>()
  readonly #targets = new Map<string, Target>()
  #idle: ReadonlyMap<string, string> = new Map()
  /** Where everything else goes. */
  #heads = new Keys((key) => key)

  /** @param now milliseconds since 1970, for what has no time of its own */
  constructor(service: string, names: FieldNames, dialect: Dialect, now: () => number = Date.now) {
    this.#logger = `,"log.logger":${quote(service)}`
    this.#service = `,"service.name":${quote(service)}`
    this.#names = names
    this.#dialect = dialect
    this.#now = now
    this.learn({})
  }

  /** Takes note of what the logger calls things. */
  learn(news: Partial<Dialect>): void {
    this.#dialect = { ...this.#dialect, ...news }
    const { levels, messageKey, errorKey, idle } = this.#dialect
    for (const [rank, name] of Object.entries(levels)) this.#levels.set(rank, quote(name))
    // Not an object: names are cut from lines, and to look one up there V8 would first make it one of its own.
    this.#idle = new Map(Object.entries(idle))
    this.#targets.clear()
    this.#common.forget()
    for (const [key, name] of Object.entries(this.#names)) this.#aim(key, ROLES.get(name) ?? 'field', name)
    this.#aim('time', 'time', '@timestamp')
    this.#aim('level', 'level', 'log.level')
    this.#aim('name', 'logger', 'log.logger')
    this.#aim(messageKey, 'message', 'message')
    this.#aim(errorKey, 'error', 'error')
    this.#aim('pid', 'field', 'process.pid')
    this.#aim('hostname', 'field', 'host.hostname')
    const own = [...this.#targets.values()].map(({ name }) => name).filter((name) => name !== false)
    const taken = [...reservedNames, ...own]
    this.#heads = new Keys((key) => keptName(key, taken))
  }

  #aim(key: string, role: Role, usual: string | false): void {
    const name = this.#names[key] ?? usual
    this.#targets.set(key, { role, name, head: name === false ? '' : `,${quote(name)}:` })
  }

  /** One line, which ends in '\n', of whatever the text is. What is no JSON object becomes a message. */
  make(text: string): string {
    const line = this.#read(text, true) ?? this.#read(compact(text) ?? '', false)
    return this.#write(line ?? { ...emptyLine(), fields: new Map([[',"message":', quote(text)]]) })
  }

  /** Undefined where it is no JSON object, or one with spaces between its parts. */
  #read(text: string, hasCommon: boolean): Line | undefined {
    const entries = this.#entries
    if (!entries.open(text)) return undefined
    const line = emptyLine()
    while (entries.next()) {
      const { name, value } = entries
      const target = this.#targets.get(name)
      const taken = target === undefined ? this.#idle.get(name) === value : this.#fill(line, value, target)
      if (!taken) line.fields.set(this.#head(name), value)
      else if (hasCommon && target?.role === 'time') this.#takeCommon(line, text)
    }
    if (!entries.ended) return undefined
    return isTwice(line) ? this.#read(text, false) : line
  }

  /** Behind the time: what is there in line after line is read once. */
  #takeCommon(line: Line, text: string): void {
    const { at } = this.#entries
    if (line.fields.size > 0 || line.logger !== undefined) return
    const part = this.#common.find(text, at)
    if (part === undefined) {
      this.#common.learn(text, at, (...range) => this.#readCommon(...range))
      return
    }
    line.common = part
    line.logger = part.logger
    this.#entries.goTo(at + part.raw.length)
  }

  /** The whole properties between two places that are fields, or the logger. */
  #readCommon(text: string, from: number, to: number): CommonPart | undefined {
    const entries = new JsonEntries()
    if (!entries.open(text)) return undefined
    entries.goTo(from)
    const line = emptyLine()
    let end = from
    while (entries.next() && entries.at <= to) {
      const { name, value } = entries
      const target = this.#targets.get(name)
      if (target === undefined ? this.#idle.has(name) : target.role !== 'field' && target.role !== 'logger')
        break
      if (target === undefined) line.fields.set(this.#head(name), value)
      else if (!this.#fill(line, value, target)) break
      end = entries.at
    }
    if (end === from) return undefined
    return {
      raw: flat(text.slice(from, end)),
      logger: line.logger,
      text: flat([...line.fields].flat().join('')),
      heads: new Set(line.fields.keys()),
    }
  }

  #write({ time, level, logger, common, fields }: Line): string {
    let text = time ?? `,"@timestamp":"${this.#times.text(this.#now()) ?? ''}"`
    text += level ?? ',"log.level":"info"'
    text += logger ?? this.#logger
    text += this.#service
    if (common !== undefined) text += common.text
    for (const [head, value] of fields) text += head + value
    return `{${text.slice(1)}}\n`
  }

  /** False where it is not what its name says, or has come before: then it is a field like any other. */
  #fill(line: Line, value: string, { role, name, head }: Target): boolean {
    switch (role) {
      case 'time': {
        const time = line.time === undefined ? this.#times.read(value) : undefined
        if (time === undefined) return false
        line.time = name === false ? '' : `${head}"${time}"`
        return !isFiner(value)
      }
      case 'level': {
        const level = line.level === undefined ? (this.#levels.get(value) ?? asText(value)) : undefined
        if (level === undefined) return false
        line.level = name === false ? '' : head + level
        return true
      }
      case 'logger': {
        if (line.logger !== undefined || !isText(value)) return false
        line.logger = name === false ? '' : head + value
        return true
      }
      case 'message': {
        if (name === false) return true
        const earlier = line.fields.get(head)
        if (earlier !== undefined) line.fields.set(this.#head(this.#dialect.messageKey), earlier)
        line.fields.set(head, asText(value) ?? quote(value))
        return true
      }
      case 'error': {
        if (name === false) return true
        const entries = errorEntries(name, value)
        for (const [entryHead, text] of entries) line.fields.set(entryHead, text)
        return entries.length > 0
      }
      case 'field': {
        if (line.fields.has(head)) return false
        if (name !== false) line.fields.set(head, value)
        return true
      }
    }
  }

  /** Names come as they stand in JSON. */
  #head(key: string): string {
    return this.#heads.text(key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key)
  }
}

/** Whether a field is in the common part as well. */
function isTwice({ common, fields }: Line): boolean {
  if (common === undefined) return false
  for (const head of fields.keys()) if (common.heads.has(head)) return true
  return false
}

function isText(json: string): boolean {
  return json.charCodeAt(0) === 34
}

/** Text or a number, as text. */
function asText(json: string): string | undefined {
  if (isText(json)) return json
  return /^[-\d]/.test(json) ? `"${json}"` : undefined
}
