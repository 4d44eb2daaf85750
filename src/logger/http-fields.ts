import type { Fields } from '../record.ts'
import { readProperty } from './read-property.ts'

/** Fields in ECS names of what a field `req`, `request`, `res`, `response` or `reply` holds. */
export function httpFields(key: string, value: unknown): Fields | undefined {
  if (!isHttp(key, value)) return undefined
  const fields = key.startsWith('req') ? requestFields(value) : responseFields(value)
  return Object.keys(fields).length === 0 ? undefined : fields
}

/** Whether a field may be a request or a response: none that the application has made up itself. */
export function isHttp(key: string, value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (key !== 'req' && key !== 'res' && key !== 'request' && key !== 'response' && key !== 'reply')
    return false
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null
  } catch {
    return false // a Proxy
  }
}

/**
 * A request in ECS names: `http.request.method`, `http.request.id`, `http.request.referrer`,
 * `http.request.body.bytes`, `http.version`, `url.path`, `url.query`, `url.domain`, `client.address`,
 * `client.port` and `user_agent.original`, those of them that it has. Of Node, Express, Fastify or `fetch`; of
 * anything else there are none. Its other headers, where secrets are, are not looked at. Never throws.
 */
export function requestFields(request: object): Fields {
  const raw = part(request, 'raw') ?? request // Fastify has Node's request in its own
  const method = text(request, 'method')
  const url =
    text(request, 'originalUrl') ?? text(raw, 'originalUrl') ?? text(raw, 'url') ?? text(raw, 'path')
  if (method === undefined || url === undefined) return {}
  const headers = part(raw, 'headers') ?? {}
  const socket = part(raw, 'socket') ?? {}
  const isClients = text(raw, 'url') !== undefined
  const id = readProperty(request, 'id')
  return defined({
    'http.request.method': method,
    'http.request.id': typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    'http.version': text(raw, 'httpVersion'),
    ...urlFields(url, header(headers, 'host') ?? text(raw, 'host')),
    'client.address': isClients ? (text(request, 'ip') ?? text(socket, 'remoteAddress')) : undefined,
    'client.port': isClients ? number(socket, 'remotePort') : undefined,
    'user_agent.original': header(headers, 'user-agent'),
    'http.request.referrer': header(headers, 'referer'),
    'http.request.body.bytes': length(header(headers, 'content-length')),
  })
}

/**
 * A response in ECS names: `http.response.status_code`, where it has one that counts, and
 * `http.response.body.bytes`. As `requestFields`; also of a client.
 */
export function responseFields(response: object): Fields {
  const raw = part(response, 'raw') ?? response
  const status = number(response, 'statusCode') ?? number(response, 'status')
  if (status === undefined) return {}
  const bytes =
    header(part(raw, 'headers') ?? {}, 'content-length') ??
    called(response, 'getHeader', 'content-length') ??
    called(raw, 'getHeader', 'content-length')
  return defined({
    // Until the headers are sent it is what the response was made with.
    'http.response.status_code': readProperty(raw, 'headersSent') === false ? null : status,
    'http.response.body.bytes': length(bytes),
  })
}

function urlFields(url: string, host: string | undefined): Fields {
  const whole = /^[a-z][a-z+.-]*:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : undefined
  const local = whole === undefined ? url : whole.pathname + whole.search
  const query = local.indexOf('?')
  return {
    'url.path': query === -1 ? local : local.slice(0, query),
    'url.query': query === -1 || query === local.length - 1 ? undefined : local.slice(query + 1),
    'url.domain': (whole?.host ?? host)?.replace(/:\d+$/, ''),
  }
}

function part(object: object, key: string): object | undefined {
  const value = readProperty(object, key)
  return typeof value === 'object' && value !== null ? value : undefined
}

function text(object: object, key: string): string | undefined {
  const value = readProperty(object, key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(object: object, key: string): number | undefined {
  const value = readProperty(object, key)
  return typeof value === 'number' ? value : undefined
}

function length(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** Of Node's headers, or those of `fetch`. */
function header(headers: object, name: string): string | undefined {
  return text(headers, name) ?? called(headers, 'get', name)
}

function called(object: object, method: string, name: string): string | undefined {
  const get = readProperty(object, method)
  if (typeof get !== 'function') return undefined
  try {
    const value: unknown = Reflect.apply(get, object, [name])
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  } catch {
    return undefined
  }
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
