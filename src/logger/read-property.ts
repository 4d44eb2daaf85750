/** A property's value; what it throws instead, as text. */
export function readProperty(object: object, key: string | number): unknown {
  try {
    return (object as Readonly<Record<string | number, unknown>>)[key]
  } catch (thrown) {
    return throws(thrown)
  }
}

/** What stands in a line for something that threw while it was looked at. */
export function throws(thrown: unknown): string {
  return `[Throws: ${thrownText(thrown)}]`
}

/** The message of what was thrown, which may be anything, also something that throws. */
export function thrownText(thrown: unknown): string {
  try {
    const told: unknown = thrown instanceof Error ? thrown.message : thrown
    return String(told)
  } catch {
    return 'something that has no text'
  }
}
