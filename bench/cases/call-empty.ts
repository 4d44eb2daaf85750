import { measure } from './calls.ts'

// No logger at all: what the clock costs, and what the machine does to whoever measures on it.
let calls = 0
const count = (): number => calls++
await measure(() => ({ log: count, disabled: count, child: count, end: () => Promise.resolve() }))
