import type { ConsumedRecord } from '../consume/record.ts'
import type { Fields } from '../record.ts'

/** Sets a field where it is: as `log.level`, or as `level` in `log`; a new one beside what is there of `log`. */
export function setField(fields: Fields, name: string, value: unknown): void {
  if (name.includes('.') && !Object.hasOwn(fields, name)) {
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const inner = objectIn(fields, name.slice(0, dot))
      if (inner !== undefined) {
        setField(inner, name.slice(dot + 1), value)
        return
      }
    }
  }
  put(fields, name, value)
}

/** Sets a property, whatever its name is: names may come from the other end of the world. */
export function put(fields: Fields, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true })
  else fields[name] = value
}

/** Whether it was there. */
export function removeField(fields: Fields, name: string): boolean {
  if (Object.hasOwn(fields, name)) return Reflect.deleteProperty(fields, name)
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const inner = objectIn(fields, name.slice(0, dot))
    if (inner !== undefined && removeField(inner, name.slice(dot + 1))) return true
  }
  return false
}

function objectIn(fields: Fields, name: string): Fields | undefined {
  const inner = Object.hasOwn(fields, name) ? fields[name] : undefined
  return isObject(inner) ? inner : undefined
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Adds to ECS's `tags`, once. */
export function addTag(fields: Fields, tag: string): void {
  const tags = fields.tags
  if (Array.isArray(tags)) {
    if (!tags.includes(tag)) fields.tags = [...(tags as unknown[]), tag]
  } else {
    fields.tags = tags === undefined || tags === null || tags === tag ? [tag] : [tags, tag]
  }
}

/** Puts what was read into the record, or into an object of its own. */
export class Target {
  readonly #name: string | undefined

  constructor(name: string | undefined) {
    this.#name = name
  }

  /** Where fields are to be put. */
  in(record: ConsumedRecord): Fields {
    const fields = record.fields
    if (this.#name === undefined) return fields
    const there = record.get(this.#name)
    if (isObject(there)) return there
    const made: Fields = {}
    setField(fields, this.#name, made)
    return made
  }
}
