/** What decides where a line goes, where that is one topic for all of them. */
export function plainRules(topic: string): string {
  return `topic ${topic}`
}
