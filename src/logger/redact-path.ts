/** Stands for any name. */
const ANY = Symbol('*')

/** A path through an object, name by name. */
export type Path = readonly (string | typeof ANY)[]

const PART = /(?:^|(?<!^)\.)([^.[\]*"'\s]+|\*)|\[(\d+|\*|"[^"]*"|'[^']*')\]/y

export const PATH_RULE = `a path, as 'user.password', 'users[*].token', '*.secret' or 'headers["x-key"]'`

/** Undefined where the text is no path. */
export function parsePath(text: string): Path | undefined {
  const path: (string | typeof ANY)[] = []
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const [found, name, bracketed] = PART.exec(text) ?? []
    if (found === undefined) return undefined
    const part = name ?? (bracketed ?? '').replace(/^["']|["']$/g, '')
    path.push((name ?? bracketed) === '*' ? ANY : part)
  }
  return path.length === 0 ? undefined : path
}

const MOST_KNOWN = 1000
const LONGEST_KNOWN = 64

/** A place in an object, by what of the paths is still to go from there. */
export class Step {
  readonly #left: readonly Path[]
  readonly #known = new Map<string, Step | undefined>()
  /** Whether a path ends here. */
  readonly isEnd: boolean

  constructor(left: readonly Path[]) {
    this.#left = left
    this.isEnd = left.some((path) => path.length === 0)
  }

  /** The place that a property is; undefined where no path goes there. */
  next(key: string): Step | undefined {
    const known = this.#known.get(key)
    return known !== undefined || this.#known.has(key) ? known : this.#learn(key)
  }

  #learn(key: string): Step | undefined {
    const left = [...follow(this.#left, key), ...this.#followParts(key)]
    const step = left.length === 0 ? undefined : new Step(left)
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    if (key.length <= LONGEST_KNOWN) this.#known.set(key, step)
    return step
  }

  /** A name with dots, as ECS has them, is as good as objects in objects; what is below an end belongs to it. */
  #followParts(key: string): readonly Path[] {
    if (!key.includes('.')) return []
    return key
      .split('.')
      .reduce(
        (left, part) => [...left.filter((path) => path.length === 0), ...follow(left, part)],
        this.#left,
      )
  }
}

function follow(left: readonly Path[], key: string): readonly Path[] {
  return left.filter(([first]) => first === ANY || first === key).map((path) => path.slice(1))
}
