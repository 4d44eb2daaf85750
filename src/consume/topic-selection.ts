export interface TopicSelection {
  /** Those that are there and meant. */
  readonly present: readonly string[]
  /** Those that are meant by name, and not there. */
  readonly missing: readonly string[]
}

/** Which of the topics that there are is meant. Kafka's own, `__consumer_offsets`, have to be named. */
export function selectTopics(
  wanted: readonly (string | RegExp)[],
  existing: readonly string[],
): TopicSelection {
  const there = new Set(existing)
  const present = new Set<string>()
  const missing: string[] = []
  for (const one of wanted) {
    if (typeof one === 'string') {
      if (there.has(one)) present.add(one)
      else missing.push(one)
    } else {
      // Without g and y, with which a regular expression remembers where it was.
      const pattern = new RegExp(one.source, one.flags.replace(/[gy]/g, ''))
      for (const topic of existing) if (!topic.startsWith('__') && pattern.test(topic)) present.add(topic)
    }
  }
  return { present: [...present].sort(), missing }
}
