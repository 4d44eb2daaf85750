/** Names by number, each with its spellings in lower case. */
type Names = readonly (readonly [text: string, number: number])[]

/** Months of a language, from 0. */
export function monthNames(locale: string): Names {
  return names(locale, 12, (index) => Date.UTC(2026, index, 15), 'month')
}

/** Days of the week of a language, from Sunday, which is 0. */
export function weekdayNames(locale: string): Names {
  // The 4th of January 2026 was a Sunday.
  return names(locale, 7, (index) => Date.UTC(2026, 0, 4 + index), 'weekday')
}

function names(
  locale: string,
  count: number,
  timeOf: (index: number) => number,
  part: 'month' | 'weekday',
): Names {
  const found = new Map<string, number>()
  for (const width of ['long', 'short'] as const) {
    // Beside a day some languages decline the month.
    for (const more of [{}, { day: 'numeric' }] as const) {
      const format = new Intl.DateTimeFormat(locale, {
        timeZone: 'UTC',
        calendar: 'gregory',
        [part]: width,
        ...more,
      })
      for (let index = 0; index < count; index++) {
        const text = format.formatToParts(timeOf(index)).find(({ type }) => type === part)?.value ?? ''
        const plain = text.toLowerCase().replace(/\.$/, '')
        if (plain !== '') found.set(plain, index)
      }
    }
  }
  // English loggers of other countries write `Sept` now and then.
  if (locale.startsWith('en') && part === 'month') found.set('sept', 8)
  // The longest first: `jun` is the beginning of `june`.
  return [...found].sort(([a], [b]) => b.length - a.length)
}

/** Reads one of the names, in any case, with or without the full stop of an abbreviation. */
export function readName<P>(
  list: Names,
  put: (parts: P, number: number) => unknown,
): (text: string, at: number, parts: P) => number {
  const longest = list[0]?.[0].length ?? 0
  return (text, at, parts) => {
    const there = text.slice(at, at + longest).toLowerCase()
    const found = list.find(([name]) => there.startsWith(name))
    if (found === undefined) return -1
    put(parts, found[1])
    const end = at + found[0].length
    return text.charAt(end) === '.' ? end + 1 : end
  }
}
