import { refuse } from '../../options.ts'

/** A part of a pattern: text, or a directive such as `%-20.30c{1}`. */
export type PatternPart =
  | { readonly text: string }
  | {
      readonly directive: string
      /** The least characters; negative: filled up on the right. 0: any. */
      readonly width: number
      /** The most characters; negative: cut off at the end. Undefined: any. */
      readonly most: number | undefined
      /** What stands in braces behind it. */
      readonly braces: readonly string[]
      /** From 1. */
      readonly at: number
    }

const LONGEST_WIDTH = 1000

/**
 * Takes a pattern apart. `find` gives the directive that a text starts with, '' for none.
 *
 * @throws LogflumeError INVALID_OPTION, with the place in the pattern.
 */
export function readPattern(
  option: string,
  pattern: string,
  find: (text: string) => string,
  takesBraces: (directive: string) => boolean,
): PatternPart[] {
  const parts: PatternPart[] = []
  let from = 0
  while (from < pattern.length) {
    const percent = pattern.indexOf('%', from)
    if (percent !== from) parts.push({ text: pattern.slice(from, percent === -1 ? undefined : percent) })
    if (percent === -1) break
    const at = percent + 1
    const [sizes = '', width = '', most] = /^(-?\d*)(?:\.(-?\d+))?/.exec(pattern.slice(at)) ?? []
    if (Math.abs(Number(width)) > LONGEST_WIDTH || Math.abs(Number(most ?? 0)) > LONGEST_WIDTH) {
      refuse(option, `widths of at most ${LONGEST_WIDTH}, at character ${at}`, pattern)
    }
    const rest = pattern.slice(at + sizes.length)
    const directive = find(rest)
    if (directive === '' || width === '-') refuse(option, `a directive after % at character ${at}`, pattern)
    let end = at + sizes.length + directive.length
    const braces: string[] = []
    while (takesBraces(directive) && pattern[end] === '{') {
      const close = pattern.indexOf('}', end)
      if (close === -1) refuse(option, `a } for the { at character ${end + 1}`, pattern)
      braces.push(pattern.slice(end + 1, close))
      end = close + 1
    }
    parts.push({
      directive,
      width: Number(width),
      most: most === undefined ? undefined : Number(most),
      braces,
      at,
    })
    from = end
  }
  return parts
}
