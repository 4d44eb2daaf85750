import type { CharSet } from './char-set.ts'

export type CaptureType = 'string' | 'int' | 'float' | 'boolean'

/** A regular expression, read. */
export type Pattern =
  | { readonly kind: 'chars'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | {
      readonly kind: 'repeat'
      readonly part: Pattern
      readonly min: number
      readonly max: number
      readonly greedy: boolean
    }
  | { readonly kind: 'capture'; readonly field: string; readonly type: CaptureType; readonly part: Pattern }
  /** Once it has matched, how it did is not thought over. */
  | { readonly kind: 'atomic'; readonly part: Pattern }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negated: boolean; readonly part: Pattern }
  | { readonly kind: 'place'; readonly at: Place }

export type Place =
  'line start' | 'line end' | 'start' | 'end' | 'last line end' | 'word edge' | 'no word edge'

/** What a pattern's match begins with; undefined where that may be anything, or nothing. */
export function firstOf(pattern: Pattern, follow: CharSet | undefined): CharSet | undefined {
  switch (pattern.kind) {
    case 'chars':
      return pattern.set
    case 'sequence':
      return pattern.parts.reduceRight<CharSet | undefined>((next, part) => firstOf(part, next), follow)
    case 'choice': {
      let all: CharSet | undefined
      for (const option of pattern.options) {
        const first = firstOf(option, follow)
        if (first === undefined) return undefined
        all = all === undefined ? first : all.with(first)
      }
      return all
    }
    case 'repeat': {
      if (pattern.max === 0) return follow
      // Behind one that may match nothing comes what follows, so that has to be in its own set as well.
      const first = firstOf(pattern.part, follow)
      if (pattern.min > 0) return first
      return first === undefined || follow === undefined ? undefined : first.with(follow)
    }
    case 'capture':
    case 'atomic':
      return firstOf(pattern.part, follow)
    case 'look':
    case 'place':
      return follow
  }
}

/** The least and the most code units that it takes. */
export function lengthOf(pattern: Pattern): readonly [min: number, max: number] {
  switch (pattern.kind) {
    case 'chars':
      return [1, 1]
    case 'sequence':
      return pattern.parts
        .map(lengthOf)
        .reduce(([min, max], [partMin, partMax]) => [min + partMin, max + partMax], [0, 0])
    case 'choice': {
      const lengths = pattern.options.map(lengthOf)
      return [Math.min(...lengths.map(([min]) => min)), Math.max(...lengths.map(([, max]) => max))]
    }
    case 'repeat': {
      const [min, max] = lengthOf(pattern.part)
      return [min * pattern.min, max === 0 || pattern.max === 0 ? 0 : max * pattern.max]
    }
    case 'capture':
    case 'atomic':
      return lengthOf(pattern.part)
    case 'look':
    case 'place':
      return [0, 0]
  }
}
