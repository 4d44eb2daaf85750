/** The ranks of the levels that every logger has. */
export const levelRanks = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
