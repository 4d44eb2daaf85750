import type { WriteStream } from 'node:tty'

const WIDTH = 80
/** Milliseconds between two looks at what changes: on a terminal in place, elsewhere each in a line. */
const LIVE_EVERY = 200
const LINE_EVERY = 2000

/** Standard output: lines that stay, and on a terminal below them one that changes. */
export class Screen {
  readonly #stream: WriteStream
  readonly #terminal: boolean
  #live = ''
  #following: NodeJS.Timeout | undefined

  constructor(stream: WriteStream) {
    this.#stream = stream
    this.#terminal = stream.isTTY && process.env.TERM !== 'dumb'
  }

  /** Prints text, in lines of at most 80 columns. */
  say(text: string): void {
    this.#erase()
    this.#stream.write(`${wrap(text)}\n`)
    this.#draw()
  }

  /** Shows what changes, until `unfollow`. */
  follow(look: () => string): void {
    this.#following = setInterval(() => (this.#terminal ? this.#show(look()) : this.say(look())), this.#every)
  }

  /** Leaves the last of it. */
  unfollow(): void {
    clearInterval(this.#following)
    if (this.#live !== '') this.#stream.write('\n')
    this.#live = ''
  }

  get #every(): number {
    return this.#terminal ? LIVE_EVERY : LINE_EVERY
  }

  #show(text: string): void {
    this.#erase()
    this.#live = text
    this.#draw()
  }

  #erase(): void {
    if (this.#live === '') return
    this.#stream.cursorTo(0)
    this.#stream.clearLine(0)
  }

  #draw(): void {
    // Some terminals do not know their width. A line that fills the last column would go on in the next line.
    const columns = Math.min(WIDTH, this.#stream.columns || WIDTH) - 1
    if (this.#live !== '') this.#stream.write(cut(this.#live, columns))
  }
}

/** Breaks lines at blanks; what has none, as a path, stays whole. Later lines are indented like the first. */
export function wrap(text: string, width = WIDTH): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n')
}

function wrapLine(line: string, width: number): string {
  if (line.length <= width) return line
  const indent = line.length - line.trimStart().length
  const inside = line.lastIndexOf(' ', width)
  const at = inside > indent ? inside : line.indexOf(' ', width)
  if (at === -1) return line
  return `${line.slice(0, at)}\n${wrapLine(' '.repeat(indent) + line.slice(at + 1), width)}`
}

export function cut(line: string, width = WIDTH): string {
  return line.slice(0, width)
}
