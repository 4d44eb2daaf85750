import { refuse } from '../options.ts'
import { FieldList } from './fields.ts'
import type { Level, Levels } from './level.ts'
import type { EndOptions, Lifecycle } from './lifecycle.ts'
import type { LineWriter } from './line-writer.ts'
import { LineMaker } from './line.ts'
import type { Logger } from './logger.ts'
import { Node } from './node.ts'
import type { LoggerSettings } from './settings.ts'
import type { LoggerStats } from './stats.ts'

/** What all loggers of a tree have in common. */
interface Tree {
  readonly levels: Levels
  readonly lines: LineMaker
  readonly writer: LineWriter
  readonly lifecycle: Lifecycle
  /** The named loggers by the fields that they have bound: those of the root, or of a child. */
  readonly named: WeakMap<FieldList, Map<Node, TreeLogger>>
  make(node: Node, bound: FieldList): TreeLogger
}

/** The first logger of a tree, with its own `settings`; all lines of the tree go to `writer`. */
export function createRootLogger<L extends string = never>(
  settings: LoggerSettings,
  writer: LineWriter,
  lifecycle: Lifecycle,
): Logger<L> {
  // The methods of the levels are on a prototype of this tree: they cost a child nothing.
  class LeveledLogger extends TreeLogger {}
  const tree: Tree = {
    levels: settings.levels,
    lines: new LineMaker(settings),
    writer,
    lifecycle,
    named: new WeakMap(),
    make: (node, bound) => new LeveledLogger(tree, node, bound),
  }
  const base = new FieldList()
  if (!base.add(settings.base)) refuse('base', 'an object of fields', settings.base)
  for (const level of settings.levels.all) {
    const method = { value: TreeLogger.method(level, () => root), writable: true, configurable: true }
    Object.defineProperty(LeveledLogger.prototype, level.name, method)
  }
  const root = tree.make(new Node(settings, settings.name), base)
  // The compiler cannot follow that the methods of all levels are there.
  return root as unknown as Logger<L>
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
    return function (this: TreeLogger, first, second, third) {
      try {
        if (rank < this.#node.threshold) return
      } catch {
        root().log(name, first, second, third)
        return
      }
      this.#write(level, first, second, third)
    }
  }

  #write(level: Level, first: unknown, second: unknown, third: unknown): void {
    const { levels, lines, writer } = this.#tree
    writer.append(lines.make(this.#node.heads[level.index] ?? '', this.#bound, first, second, third))
    if (level.rank >= levels.fatalRank) writer.flushSync()
  }

  log(name: unknown, first: unknown, second: unknown, third: unknown): void {
    const { levels } = this.#tree
    const level = levels.find(name)
    if (level === undefined) {
      this.child({ 'log.level': name }).log('info', first, second, third)
    } else if (level.rank >= this.#node.threshold) {
      this.#write(level, first, second, third)
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

  get(name: string): TreeLogger {
    const { named } = this.#tree
    const node = this.#node.get(name)
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

/** Whether a logger has a member of this name that is no level, or JavaScript has a use for the name. */
export function isLoggerMember(name: string): boolean {
  return name in TreeLogger.prototype || name === 'then' || name === 'toJSON'
}
