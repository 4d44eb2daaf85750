/** A piece of a text like `logs-{service}-{YYYYMMDD}`. */
export type TemplatePiece =
  { readonly literal: string } | { readonly date: string } | { readonly field: string }

/** A year, month, day and hour, with what people put between them. */
const DATE = /^(?=.*[YMDH])(?:YYYY|MM|DD|HH|[-_.])+$/

/** What is between braces is a date or a field; braces without a partner stay in the literals. */
export function parseTemplate(template: string): TemplatePiece[] {
  // Every second part was between braces.
  return template.split(/\{([^{}]*)\}/).flatMap((part, index): TemplatePiece[] => {
    if (index % 2 === 1) return [DATE.test(part) ? { date: part } : { field: part }]
    return part === '' ? [] : [{ literal: part }]
  })
}

/** `format` as a date piece has it. */
export function formatDate(format: string, date: Date, zone: 'local' | 'utc'): string {
  const utc = zone === 'utc'
  const parts: Readonly<Record<string, number>> = {
    YYYY: utc ? date.getUTCFullYear() : date.getFullYear(),
    MM: 1 + (utc ? date.getUTCMonth() : date.getMonth()),
    DD: utc ? date.getUTCDate() : date.getDate(),
    HH: utc ? date.getUTCHours() : date.getHours(),
  }
  return format.replace(/YYYY|MM|DD|HH/g, (token) => String(parts[token]).padStart(token.length, '0'))
}
