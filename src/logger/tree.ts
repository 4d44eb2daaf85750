import type { DiagnosticHandler } from '../diagnostics.ts'
import { OptionReader, refuse } from '../options.ts'
import { isTopicName, TOPIC_RULE } from '../topic.ts'
import { contextOfCall } from './context.ts'
import { FieldList } from './fields.ts'
import type { Level, Levels } from './level.ts'
import type { EndOptions, Lifecycle } from './lifecycle.ts'
import type { LineWriter } from './line-writer.ts'
import { LineMaker } from './line.ts'
import { CallRecord } from './log-record.ts'
import type { Logger } from './logger.ts'
import { Node, type Outlets } from './node.ts'
import { originFields, originOf, type Boundary } from './origin.ts'
import { journalOutputter } from './outputters/journal-outputter.ts'
import type { Outputter } from './outputters/outputter.ts'
import { TreeOutputters, withOutputters } from './outputters/tree-outputters.ts'
import type { LoggerSettings } from './settings.ts'
import type { LoggerStats } from './stats.ts'

/** What all loggers of a tree have in common. */
interface Tree {
  readonly settings: LoggerSettings
  readonly levels: Levels
  readonly lines: LineMaker
  readonly writer: LineWriter
  readonly outputters: TreeOutputters
  readonly lifecycle: Lifecycle
  /** The named loggers by the fields that they have bound: those of the root, or of a child. */
  readonly named: WeakMap<FieldList, Map<Node, TreeLogger>>
  make(node: Node, bound: FieldList): TreeLogger
}

/** Where the lines of a tree go. */
export interface TreeOutput {
  /** The journal. Undefined: there is none. */
  readonly writer: LineWriter | undefined
  readonly lifecycle: Lifecycle
  /** Outputters of the root. */
  readonly outputters: readonly Outputter[]
  readonly diagnose: DiagnosticHandler
  /** What ends when all of them have. */
  readonly last?: ((timeout: number) => Promise<unknown>) | undefined
}

/** For a tree without a journal, whose records always go by outputters. */
const noWriter: LineWriter = { append: () => undefined, flushSync: () => undefined }

/** A tree of loggers, with what a change of its configuration works on. */
export interface LoggerTree<L extends string = never> {
  readonly root: Logger<L>
  readonly top: Node
  readonly levels: Levels
  readonly outputters: TreeOutputters
}

/** The first logger of a tree, with its own `settings`. */
export function createRootLogger<L extends string = never>(
  settings: LoggerSettings,
  output: TreeOutput,
): Logger<L> {
  return createTree<L>(settings, output).root
}

export function createTree<L extends string = never>(
  settings: LoggerSettings,
  { writer, lifecycle, outputters: added, diagnose, last }: TreeOutput,
): LoggerTree<L> {
  // The methods of the levels are on a prototype of this tree: they cost a child nothing.
  class LeveledLogger extends TreeLogger {}
  const base = new FieldList(undefined, settings.rules)
  if (!base.add(settings.base)) refuse('base', 'an object of fields', settings.base)
  const top = new Node(settings, settings.name)
  const outputters = new TreeOutputters(settings.levels, diagnose, () => top.resolve())
  const tree: Tree = {
    settings,
    levels: settings.levels,
    lines: new LineMaker(settings),
    writer: writer ?? noWriter,
    outputters,
    lifecycle: withOutputters(lifecycle, outputters, last),
    named: new WeakMap(),
    make: (node, bound) => new LeveledLogger(tree, node, bound),
  }
  for (const level of settings.levels.all) {
    const method = { value: TreeLogger.method(level, () => root), writable: true, configurable: true }
    Object.defineProperty(LeveledLogger.prototype, level.name, method)
  }
  const journal = writer === undefined ? [] : [journalOutputter(writer, lifecycle)]
  top.outputters = [...journal, ...added].map((one, index) =>
    outputters.add(`outputters[${index - journal.length}]`, one),
  )
  const root = tree.make(top, base)
  // The compiler cannot follow that the methods of all levels are there.
  return { root: root as unknown as Logger<L>, top, levels: settings.levels, outputters }
}

type LogFunction = (first: unknown, second: unknown, third: unknown) => void

/** A node of the tree with the fields bound to it. */
class TreeLogger implements Lifecycle {
  readonly #tree: Tree
  readonly #node: Node
  readonly #bound: FieldList

  constructor(tree: Tree, node: Node, bound: FieldList) {
    this.#tree = tree
    this.#node = node
    this.#bound = bound
  }

  /** The method of a level. One that was taken off its logger, as in `promise.catch(log.error)`, is the root's. */
  static method(level: Level, root: () => TreeLogger): LogFunction {
    const { name, rank } = level
    const method = function (this: TreeLogger, first: unknown, second: unknown, third: unknown): void {
      try {
        if (rank < this.#node.threshold) return
      } catch {
        root().#log(method, name, first, second, third)
        return
      }
      this.#write(method, level, first, second, third)
    }
    return method
  }

  #write(boundary: Boundary, level: Level, first: unknown, second: unknown, third: unknown): void {
    const { outlets, heads } = this.#node
    if (outlets !== undefined) {
      this.#writeTo(outlets, boundary, level, [first, second, third])
      return
    }
    const { levels, lines, writer } = this.#tree
    writer.append(lines.make(heads[level.index] ?? '', this.#bound, first, second, third))
    if (level.rank >= levels.fatalRank) writer.flushSync()
  }

  /** The way of a record that others than the journal get as well, or that says where its call is. */
  #writeTo(outlets: Outlets, boundary: Boundary, level: Level, parts: readonly unknown[]): void {
    const takers = outlets[level.index] ?? []
    if (takers.length === 0) return
    const { settings, levels, lines } = this.#tree
    const origin = this.#node.tracing ? originOf(boundary) : undefined
    const context = contextOfCall()
    let bound = this.#bound
    if (origin !== undefined) {
      bound = new FieldList(bound)
      bound.add(originFields(origin))
    }
    const head = this.#node.heads[level.index] ?? ''
    const line = lines.make(head, bound, parts[0], parts[1], parts[2])
    const { time } = lines
    const { name: logger } = this.#node
    const headLength = head.length
    const source = { settings, level, logger, time, line, headLength, parts, boundary, origin, context }
    const record = new CallRecord(source)
    for (const outputter of takers) outputter.output(record)
    if (level.rank >= levels.fatalRank) for (const outputter of takers) outputter.flushSync()
  }

  log(name: unknown, first: unknown, second: unknown, third: unknown): void {
    this.#log(logMethod, name, first, second, third)
  }

  #log(boundary: Boundary, name: unknown, first: unknown, second: unknown, third: unknown): void {
    const { levels } = this.#tree
    const level = levels.find(name)
    if (level === undefined) {
      this.child({ 'log.level': name }).#log(boundary, 'info', first, second, third)
    } else if (level.rank >= this.#node.threshold) {
      this.#write(boundary, level, first, second, third)
    }
  }

  get name(): string {
    return this.#node.name
  }

  get level(): string {
    return this.#node.level.name
  }

  set level(name: string | undefined) {
    this.#node.setLevel(name === undefined ? undefined : this.#tree.levels.setting('level', name))
  }

  isLevelEnabled(name: string): boolean {
    const rank = this.#tree.levels.find(name)?.rank
    return rank !== undefined && rank >= this.#node.threshold
  }

  get tracing(): boolean {
    return this.#node.tracing
  }

  set tracing(tracing: boolean | undefined) {
    if (tracing !== undefined && typeof tracing !== 'boolean')
      refuse('tracing', 'true, false or undefined', tracing)
    this.#node.setTracing(tracing)
  }

  get additive(): boolean {
    return this.#node.additive
  }

  set additive(additive: boolean) {
    if (typeof additive !== 'boolean') refuse('additive', 'true or false', additive)
    this.#node.additive = additive
  }

  get outputters(): readonly Outputter[] {
    return this.#node.outputters
  }

  addOutputter(...outputters: readonly Outputter[]): void {
    const added = outputters.map((one) => this.#tree.outputters.add('addOutputter', one))
    this.#node.outputters = [...new Set([...this.#node.outputters, ...added])]
  }

  removeOutputter(...outputters: readonly (Outputter | string)[]): void {
    this.#node.outputters = this.#node.outputters.filter(
      (one) => !outputters.includes(one) && !outputters.includes(one.name),
    )
  }

  getOutputter(name: string): Outputter | undefined {
    return this.#tree.outputters.find(name)
  }

  get(name: string, options?: unknown): TreeLogger {
    const { named } = this.#tree
    const node = this.#node.get(name)
    if (options !== undefined) setTopic(node, options)
    const known = named.get(this.#bound) ?? new Map<Node, TreeLogger>()
    const logger = known.get(node) ?? this.#tree.make(node, this.#bound)
    named.set(this.#bound, known.set(node, logger))
    return logger
  }

  child(fields: unknown): TreeLogger {
    const bound = new FieldList(this.#bound)
    if (typeof fields !== 'object' || fields === null || !bound.add(fields)) {
      refuse('fields of a child', 'an object of fields', fields)
    }
    return this.#tree.make(this.#node, bound)
  }

  stats(): LoggerStats {
    return this.#tree.lifecycle.stats()
  }

  flush(options?: EndOptions): Promise<LoggerStats> {
    return this.#tree.lifecycle.flush(options)
  }

  rotate(): void {
    this.#tree.lifecycle.rotate()
  }

  close(options?: EndOptions): Promise<LoggerStats> {
    return this.#tree.lifecycle.close(options)
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#tree.lifecycle[Symbol.asyncDispose]()
  }
}

/** What the application calls where it calls `log.log`. */
const logMethod = Reflect.get<object, 'log'>(TreeLogger.prototype, 'log') as Boundary
function setTopic(node: Node, options: unknown): void {
  const reader = new OptionReader('options of a logger', options)
  const topic = reader.raw('topic')
  reader.end()
  if (topic === undefined) return
  if (!isTopicName(topic)) refuse(reader.at('topic'), TOPIC_RULE, topic)
  node.setTopic(topic)
}

/** Whether a logger has a member of this name that is no level, or JavaScript has a use for the name. */
export function isLoggerMember(name: string): boolean {
  return name in TreeLogger.prototype || name === 'then' || name === 'toJSON'
}
