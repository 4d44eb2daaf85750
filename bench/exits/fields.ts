/** What each call has besides its message. */
export function fields(n: number): object {
  return { orderId: 100_000 + n, ms: 12.5, user: 'ada', path: '/orders/latest', status: 200 }
}
