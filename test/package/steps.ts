/** Takes one step after the other, says how it went, and counts the failures. */
export class Steps {
  failed = 0

  /** What the step gives; undefined where it failed. */
  async take<T>(name: string, step: () => T | Promise<T>): Promise<T | undefined> {
    const startedAt = performance.now()
    try {
      const result = await step()
      console.log(`ok    ${name} (${seconds(startedAt)})`)
      return result
    } catch (thrown) {
      this.failed++
      const text = thrown instanceof Error ? thrown.message : String(thrown)
      console.log(`FAIL  ${name} (${seconds(startedAt)})\n${text.replace(/^/gm, '      ')}`)
      return undefined
    }
  }
}

function seconds(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}
