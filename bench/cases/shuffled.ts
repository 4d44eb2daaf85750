/** Each number below 900,000 once, in no order: the factor has no divisor in common with that. */
export function shuffled(n: number): number {
  return (n * 611_953) % 900_000
}
