import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Stage } from './stage.ts'

interface Message {
  readonly type: string
}

type OfType<M extends Message, Type> = Extract<M, { readonly type: Type }>

export interface PartOptions<Says> {
  /** What the audience knows it as. */
  readonly name: string
  /** Its program, beside this file. */
  readonly file: string
  readonly settings: object
  readonly onMessage: (message: Says) => void
}

/** Milliseconds that a part gets for anything it is waited for. */
const PATIENCE = 60_000

/** A process of the demo. `Says` is what it sends, `Hears` what it is sent. */
export class Part<Says extends Message, Hears extends Message> {
  readonly #name: string
  readonly #child: ChildProcess
  /** Resolves when it has ended and all that it said is heard. */
  readonly #gone: Promise<unknown>
  #mayEnd = false

  constructor(stage: Stage, { name, file, settings, onMessage }: PartOptions<Says>) {
    this.#name = name
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      // In a process group of its own: Ctrl-C in a terminal is for the main process, which ends the others.
      detached: true,
    })
    this.#child = child
    this.#gone = Promise.all([once(child, 'close'), once(child, 'disconnect')]).catch((error: unknown) => {
      stage.fail(`${name} does not start: ${String(error)}`)
    })
    stage.onEnd(() => this.kill())
    child.on('message', (message) => onMessage(message as Says))
    for (const output of [child.stdout, child.stderr])
      if (output !== null) createInterface(output).on('line', (line) => stage.say(`${name}: ${line}`))
    child.on('close', (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`
      if (!this.#mayEnd) stage.fail(`${name} (process ${this.pid}) has ended ${how}`)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  say(message: Hears): void {
    // One that is dead does not hear it; its death is told elsewhere.
    this.#child.send(message, () => undefined)
  }

  /** Resolves with the next message of a type that is as wanted. */
  async hear<Type extends Says['type']>(
    type: Type,
    isWanted: (message: OfType<Says, Type>) => boolean = () => true,
  ): Promise<OfType<Says, Type>> {
    return new Promise((resolve, reject) => {
      const listen = (message: unknown): void => {
        const said = message as OfType<Says, Type>
        if (said.type !== type || !isWanted(said)) return
        clearTimeout(timer)
        this.#child.off('message', listen)
        resolve(said)
      }
      const late = new Error(`${this.#name} is not where it should be ('${type}') after ${PATIENCE / 1000} s`)
      const timer = setTimeout(() => reject(late), PATIENCE)
      this.#child.on('message', listen)
    })
  }

  /** Resolves when it has ended by itself, as it was told to. */
  async ended(): Promise<void> {
    this.#mayEnd = true
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE)
    await this.#gone
    clearTimeout(impatience)
    if (this.#child.exitCode !== 0) throw new Error(`${this.#name} does not end well`)
  }

  /** kill -9; resolves when it is dead. */
  async kill(): Promise<void> {
    this.#mayEnd = true
    this.#child.kill('SIGKILL')
    await this.#gone
  }
}
