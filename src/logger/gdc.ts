import { refuse } from '../options.ts'
import { globalContext, setGlobalContext } from './context.ts'

/** The global diagnostic context: one name for the whole process. */
export interface GlobalContext {
  /**
   * Lines have it as `service.node.name`, in ECS the name of one of several that run the same service.
   * @throws LogflumeError INVALID_OPTION where it is no text.
   */
  set(name: string): void
  /** Undefined until it is set. */
  get(): string | undefined
  clear(): void
}

/** Log4r's GDC. */
export const gdc: GlobalContext = {
  set(name) {
    if (typeof name !== 'string') refuse('name of gdc.set', 'a text', name)
    setGlobalContext(name)
  },
  get: globalContext,
  clear: () => setGlobalContext(undefined),
}
