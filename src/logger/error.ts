import { inspect, types } from 'node:util'
import type { Fields } from '../record.ts'
import { readProperty, throws } from './read-property.ts'

const mostErrors = 20
const mostProperties = 20

/** What of an error is told by other names. */
const told = new Set(['name', 'message', 'stack', 'cause', 'errors'])

/** Also an error of another realm (a `vm` context, a test runner). Never throws. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error
  } catch {
    return false
  }
}

/**
 * An error as ECS names it: `type`, `message`, `stack_trace`, `code`, and those of its other own properties
 * that are text, numbers or booleans, as `statusCode` or `syscall`.
 */
export function errorFields(error: Error): Fields {
  const fields: Fields = {
    type: errorType(error),
    message: errorMessage(error),
    stack_trace: stackTrace(error, new Set()),
  }
  const code = readProperty(error, 'code')
  if (isSimple(code)) fields.code = code
  for (const key of ownKeys(error)) {
    const value = told.has(key) ? undefined : readProperty(error, key)
    if (isSimple(value)) fields[key === 'type' || key === 'stack_trace' ? `field.${key}` : key] = value
  }
  return fields
}

export function errorMessage(error: Error): string {
  const message = readProperty(error, 'message')
  return typeof message === 'string' ? message : ''
}

/** The name that the error was given, or else its class. */
function errorType(error: Error): string {
  const name = readProperty(error, 'name')
  if (typeof name === 'string' && name !== '' && name !== 'Error') return name
  const constructor = readProperty(error, 'constructor')
  const className = typeof constructor === 'function' ? readProperty(constructor, 'name') : undefined
  return typeof className === 'string' && className !== '' ? className : 'Error'
}

/** The stack, and below it, as Node prints them, the causes and the errors of an AggregateError. */
function stackTrace(error: Error, seen: Set<Error>): string {
  if (seen.has(error)) return '[Circular]'
  if (seen.size === mostErrors) return '[more errors]'
  seen.add(error)
  const stack = readProperty(error, 'stack')
  let text = typeof stack === 'string' ? stack : `${errorType(error)}: ${errorMessage(error)}`
  const cause = readProperty(error, 'cause')
  if (cause !== undefined) text += `\n[cause]: ${isError(cause) ? stackTrace(cause, seen) : inspected(cause)}`
  const errors = readProperty(error, 'errors')
  if (Array.isArray(errors)) {
    errors.slice(0, mostErrors).forEach((one: unknown, index) => {
      text += `\n[errors][${index}]: ${isError(one) ? stackTrace(one, seen) : inspected(one)}`
    })
  }
  return text
}

function inspected(value: unknown): string {
  try {
    return inspect(value)
  } catch (thrown) {
    return throws(thrown)
  }
}

function ownKeys(error: Error): readonly string[] {
  try {
    return Object.keys(error).slice(0, mostProperties)
  } catch {
    return []
  }
}

function isSimple(value: unknown): boolean {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
}
