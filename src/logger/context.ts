import { AsyncLocalStorage } from 'node:async_hooks'
import type { Fields } from '../record.ts'
import type { FieldList } from './fields.ts'
import { Recent } from './recent.ts'

/** What the contexts hold at one moment. It never changes: a change makes another one. */
export class Context {
  readonly mdc: Readonly<Fields>
  readonly ndc: readonly string[]
  /** Of the whole process, and noted here for the lists that were made with it. */
  readonly gdc: string | undefined
  /** Its fields under those bound to a logger, by the latter: looked up at each call. */
  readonly under = new Recent<FieldList, FieldList>()
  /** Its fields alone, by the rules that made them. */
  readonly own = new Recent<object, FieldList>()
  /** Its MDC as formatters show it, by the same rules. */
  readonly shown = new Recent<object, Readonly<Fields>>()

  constructor(mdc: Readonly<Fields>, ndc: readonly string[], gdc: string | undefined) {
    this.mdc = mdc
    this.ndc = ndc
    this.gdc = gdc
  }
}

/** A run and all that it calls, or the process outside of any run. */
interface Scope {
  context: Context
}

const outside: Scope = { context: new Context(Object.freeze({}), [], undefined) }
let scopes: AsyncLocalStorage<Scope> | undefined
let gdcNow: string | undefined
let used = false

function scope(): Scope {
  return scopes?.getStore() ?? outside
}

/** Undefined until the first context of the process is used: up to then a call has nothing to look up. */
export function contextOfCall(): Context | undefined {
  return used ? currentContext() : undefined
}

export function currentContext(): Context {
  const here = scope()
  const { mdc, ndc, gdc } = here.context
  if (gdc !== gdcNow) here.context = new Context(mdc, ndc, gdcNow)
  return here.context
}

/** Changes the scope that the caller is in, and no other. */
export function changeContext({ mdc, ndc }: Partial<Pick<Context, 'mdc' | 'ndc'>>): void {
  const here = scope()
  here.context = new Context(mdc ?? here.context.mdc, ndc ?? here.context.ndc, gdcNow)
  used = true
}

/** Calls `work` in a scope of its own, which begins with the context of the caller and these changes. */
export function runInContext<T>({ mdc, ndc }: Partial<Pick<Context, 'mdc' | 'ndc'>>, work: () => T): T {
  const { context } = scope()
  scopes ??= new AsyncLocalStorage()
  used = true
  return scopes.run({ context: new Context(mdc ?? context.mdc, ndc ?? context.ndc, gdcNow) }, work)
}

export function globalContext(): string | undefined {
  return gdcNow
}

export function setGlobalContext(text: string | undefined): void {
  gdcNow = text
  used = true
}
