import { refuse } from '../options.ts'
import { globalLimit } from './global.ts'
import type { Level } from './level.ts'
import { headText } from './line.ts'
import { JOURNAL } from './outputters/journal-outputter.ts'
import type { DrainOutputter } from './outputters/outputter.ts'
import type { LoggerSettings } from './settings.ts'

/** Characters of a logger's whole name. */
export const longestName = 255

/** Outputters for each level, by the level's index. */
export type Outlets = readonly (readonly DrainOutputter[])[]

/** One name in the tree of loggers: its level, its outputters, and the start of its lines. */
export class Node {
  readonly name: string
  /** The level in force, its own or the one above. */
  level: Level
  /** The lowest rank that gives lines: that of the level, or of the global one. */
  threshold: number
  /** Who gets its records. Undefined: the journal alone, all of them, and nothing else is asked for. */
  outlets: Outlets | undefined
  /** Its outputters and, where it is additive, those above. */
  effective: readonly DrainOutputter[]
  /** Whether its lines say where their calls are. */
  tracing: boolean
  /** The start of its lines for each level, by the level's index. */
  heads: readonly string[] = []
  readonly #settings: LoggerSettings
  readonly #parent: Node | undefined
  readonly #nodes = new Map<string, Node>()
  #own: Level | undefined
  #outputters: readonly DrainOutputter[] = []
  #additive = true
  #ownTracing: boolean | undefined
  #ownTopic: string | undefined
  #topic: string | undefined

  constructor(settings: LoggerSettings, name: string, parent?: Node) {
    this.name = name
    this.level = parent?.level ?? settings.level
    this.threshold = Math.max(this.level.rank, globalLimit.rank(settings.levels))
    this.#settings = settings
    this.#parent = parent
    this.effective = parent?.effective ?? []
    this.outlets = parent?.outlets
    this.tracing = parent?.tracing ?? settings.trace
    this.#inheritTopic()
    if (parent === undefined) globalLimit.add(this)
  }

  /** Makes the node where it is missing. */
  get(name: string): Node {
    const [first = '', ...rest] = typeof name === 'string' ? name.split('::') : []
    if (first === '')
      refuse('name of a logger', "non-empty names, joined with '::' where they are several", name)
    const node = this.#nodes.get(first) ?? this.#add(first)
    return rest.length === 0 ? node : node.get(rest.join('::'))
  }

  #add(name: string): Node {
    const whole = `${this.name}::${name}`
    if (whole.length > longestName)
      refuse('name of a logger', `at most ${longestName} characters in all`, whole)
    const node = new Node(this.#settings, whole, this)
    this.#nodes.set(name, node)
    return node
  }

  /** Its own level from now on; undefined goes back to the one above. */
  setLevel(level: Level | undefined): void {
    this.#own = level
    this.limit()
  }

  /** Levels are pushed down when they change, so that a call finds its own at once. */
  limit(): void {
    this.level = this.#own ?? this.#parent?.level ?? this.#settings.level
    this.threshold = Math.max(this.level.rank, globalLimit.rank(this.#settings.levels))
    for (const node of this.#nodes.values()) node.limit()
  }

  /** Its own, without those above. */
  get outputters(): readonly DrainOutputter[] {
    return this.#outputters
  }

  set outputters(outputters: readonly DrainOutputter[]) {
    this.#outputters = outputters
    this.resolve()
  }

  get additive(): boolean {
    return this.#additive
  }

  set additive(additive: boolean) {
    this.#additive = additive
    this.resolve()
  }

  /** Its own from now on; undefined goes back to that above. */
  setTracing(tracing: boolean | undefined): void {
    this.#ownTracing = tracing
    this.resolve()
  }

  /** Outputters and tracing are pushed down like levels. A record comes to each of them once, however often it is there. */
  resolve(): void {
    const above = this.#additive ? (this.#parent?.effective ?? []) : []
    this.effective = [...new Set([...this.#outputters, ...above])]
    const { levels, trace } = this.#settings
    this.tracing = this.#ownTracing ?? this.#parent?.tracing ?? trace
    const [first, ...others] = this.effective
    const isPlain = !this.tracing && others.length === 0 && first?.name === JOURNAL && first.takesAll
    this.outlets = isPlain
      ? undefined
      : levels.all.map((level) => this.effective.filter((one) => one.takes(level, levels)))
    for (const node of this.#nodes.values()) node.resolve()
  }

  /** The topic for its lines, and for those below it that have no own one, from now on; undefined: that above. */
  setTopic(topic: string | undefined): void {
    this.#ownTopic = topic
    this.#inheritTopic()
  }

  #inheritTopic(): void {
    this.#topic = this.#ownTopic ?? (this.#parent === undefined ? undefined : this.#parent.#topic)
    this.heads = this.#settings.levels.all.map((level) =>
      headText(this.#settings, level.name, this.name, this.#topic),
    )
    for (const node of this.#nodes.values()) node.#inheritTopic()
  }
}
