/**
 * No text, key or nested value takes more than this many characters of a line. It is also the most that
 * `maxLineBytes` can be, so that whatever was cut here makes a line that is over its limit and says so.
 */
export const most = 1_048_576

// What JSON escapes, and U+2028 and U+2029, at which some line readers (Node's readline) end a line.
const special = /["\\\u0000-\u001f\u2028\u2029\ud800-\udfff]/

/** The text as it stands between the quotes of a JSON string. A half of a surrogate pair becomes `\udxxx`. */
export function escape(text: string): string {
  const within = text.length > most ? text.slice(0, most + 1) : text
  return special.test(within) ? json(within).slice(1, -1) : within
}

/** The text as a JSON string. */
export function quote(text: string): string {
  return `"${escape(text)}"`
}

/**
 * The same text in one piece of memory. V8 keeps a sum of texts as a tree, which every line made with it has
 * to walk, until a character of it is read.
 */
export function flat(text: string): string {
  return text.charCodeAt(0) === 0 ? '' : text
}

/** The JSON of what came from JSON, on one line for every reader of lines. */
export function json(value: unknown): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}
