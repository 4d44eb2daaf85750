/** What an answer's status says about the records that were sent. */
export type HttpVerdict = 'done' | 'retry' | 'refused'

/** Of those below 500: what is not about the records but about where we send them, as whom, and when. */
const NOT_OURS = [401, 403, 404, 405, 407, 408, 421, 425, 429]

export function httpVerdict(status: number): HttpVerdict {
  if (status >= 200 && status < 300) return 'done'
  return status >= 400 && status < 500 && !NOT_OURS.includes(status) ? 'refused' : 'retry'
}

/** Milliseconds that a server asks to wait, in seconds or until a date; undefined where it does not. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const until = /^\d+$/.test(text) ? now + Number(text) * 1000 : Date.parse(text)
  return Number.isNaN(until) ? undefined : Math.max(0, until - now)
}
