import type { Screen } from './screen.ts'

/** The story cannot go on. */
class Interruption extends Error {
  readonly exitCode: number

  constructor(reason: string, exitCode: number) {
    super(reason)
    this.exitCode = exitCode
  }
}

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Where the story is performed: it may be interrupted at any point, and nothing may stay behind. */
export class Stage {
  readonly #screen: Screen
  readonly #interrupted: Promise<never>
  #interrupt: (interruption: Interruption) => void = () => undefined
  readonly #endings: (() => Promise<unknown>)[] = []

  constructor(screen: Screen) {
    this.#screen = screen
    this.#interrupted = new Promise((_, reject) => (this.#interrupt = reject))
    for (const [signal, exitCode] of Object.entries(SIGNALS))
      process.on(signal, () => this.#interrupt(new Interruption(`stopped by ${signal}`, exitCode)))
    // Whoever read this has gone, as in `npm start | head`.
    process.stdout.on('error', () => this.fail('nobody reads'))
  }

  say(text: string): void {
    this.#screen.say(text)
  }

  /** Ends the story early. */
  fail(reason: string): void {
    this.#interrupt(new Interruption(reason, 1))
  }

  /** What to end with the story, however that ends. */
  onEnd(end: () => Promise<unknown>): void {
    this.#endings.push(end)
  }

  /** Resolves with the exit code, when everything has ended; a story resolves with whether it ends well. */
  async perform(story: () => Promise<boolean>): Promise<number> {
    try {
      const well = await Promise.race([story(), this.#interrupted])
      return well ? 0 : 1
    } catch (error) {
      this.#screen.unfollow()
      this.#screen.say(`\nThe demo ends early: ${error instanceof Error ? error.message : String(error)}`)
      return error instanceof Interruption ? error.exitCode : 1
    } finally {
      await Promise.allSettled(this.#endings.map((end) => end()))
    }
  }
}
