import { refuse } from './options.ts'

/** Whether an optional peer is there. Loads nothing of it. */
export function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}

/** Refuses an option that needs a package which is not there. */
export function needPeer(name: string, option: string, value: unknown): void {
  if (!isInstalled(name)) refuse(option, `the package ${name} to be there (npm install ${name})`, value)
}
