/** What the benchmark gave this process to do. */
export function input(): unknown {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Something that the benchmark is waiting for. Run by hand, a case prints it. */
export function say(message: CaseMessage): void {
  if (process.send === undefined) console.log(message)
  else process.send(message)
}

/** `event`: the case has come to the place of that name. `result`: it has come to its end. */
export type CaseMessage = { readonly event: string } | { readonly result: object }
