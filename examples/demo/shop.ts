import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'logflume'

// A little shop, as many are: it finds products, takes orders and money, and now and then something is slow
// or goes wrong. `log` has the request's id bound to it; each module asks it for a logger of its own name.

export interface Answer {
  readonly status: number
  readonly body: object
}

const products = ['tea', 'coffee', 'cocoa', 'milk', 'sugar', 'lemons']

export async function answer(log: Logger, method: string, path: string): Promise<Answer> {
  switch (`${method} ${path}`) {
    case 'GET /products':
      return { status: 200, body: await findProducts(log) }
    case 'POST /orders':
      return placeOrder(log)
    default:
      return { status: 404, body: { error: 'no such page' } }
  }
}

async function findProducts(log: Logger): Promise<object> {
  await query(log, 'select * from products')
  log.get('products').debug('products found', { count: products.length })
  return { products }
}

async function placeOrder(log: Logger): Promise<Answer> {
  const orders = log.get('orders')
  const order = { product: pick(products), amount: 1 + Math.floor(Math.random() * 9) }
  orders.info('order received', order)
  await query(log, 'insert into orders values ($1, $2)')
  try {
    await pay(log, 3.5 * order.amount)
  } catch (error) {
    orders.warn('order cancelled', order)
    log.get('payments').error(error, 'payment failed')
    return { status: 402, body: { error: 'payment failed' } }
  }
  orders.info('order placed', order)
  return { status: 201, body: order }
}

class CardDeclined extends Error {
  override readonly name = 'CardDeclined'
  readonly code = 'INSUFFICIENT_FUNDS'
}

async function pay(log: Logger, euros: number): Promise<void> {
  await delay(2)
  if (chance(1 / 40)) {
    const cause = new CardDeclined('the bank said no')
    throw new Error(`cannot take ${euros} euros`, { cause })
  }
  log.get('payments').info('payment taken', { euros })
}

async function query(log: Logger, sql: string): Promise<void> {
  const db = log.get('db')
  const ms = chance(1 / 200) ? 300 + Math.round(Math.random() * 300) : 1 + Math.round(Math.random() * 4)
  await delay(ms)
  if (chance(1 / 1000)) throw new Error('connection terminated unexpectedly')
  if (ms >= 300) db.warn('slow query', { sql, ms })
  else db.debug('query', { sql, ms })
}

function chance(probability: number): boolean {
  return Math.random() < probability
}

function pick(names: readonly string[]): string {
  return names[Math.floor(Math.random() * names.length)]!
}
