import type { FieldSource } from '../../record-field.ts'
import type { ConsumedRecord } from '../../consume/record.ts'
import { refuse } from '../../options.ts'
import { parseTemplate } from '../../template.ts'
import { PathTemplate } from '../path-template.ts'

/** Bytes of a key. */
const MAX_BYTES = 1024
const PLACE = ['kafka.topic', 'kafka.partition', 'kafka.offset']
/** Digits of any offset, so that keys sort as offsets do. */
const DIGITS = 20

/** The records of one object. */
export interface ObjectContent {
  readonly key: string
  readonly records: readonly ConsumedRecord[]
}

/**
 * Keys of objects by the place of their first record. What a crash left of a batch that was not committed is
 * written over when it comes again, also where it is cut otherwise: the first record of each hour in it is
 * the first one again. Of several batches that were not committed that is so where they end as they ended.
 */
export class ObjectKeys {
  readonly #paths: PathTemplate

  constructor(option: string, template: string) {
    const fields = parseTemplate(template).flatMap((piece) => ('field' in piece ? [piece.field] : []))
    if (!PLACE.every((field) => fields.includes(field)))
      refuse(option, `a key with {${PLACE.join('}, {')}}, so that no two objects have the same one`, template)
    this.#paths = new PathTemplate(option, template, 'utc')
  }

  /** Records of one partition, in their order, as the objects that they belong in. */
  split(records: readonly ConsumedRecord[]): ObjectContent[] {
    const groups = new Map<string, ConsumedRecord[]>()
    for (const record of records) {
      const path = this.#paths.path(source(record, ''), record.timestamp)
      const group = groups.get(path)
      if (group === undefined) groups.set(path, [record])
      else group.push(record)
    }
    return [...groups.values()].map((group) => ({ key: this.#key(group), records: group }))
  }

  #key([first]: readonly ConsumedRecord[]): string {
    if (first === undefined) return ''
    const offset = first.place.offset.padStart(DIGITS, '0')
    return this.#paths.path(source(first, offset), first.timestamp)
  }
}

export function isTooLong(key: string): boolean {
  return Buffer.byteLength(key) > MAX_BYTES
}

/** Never a field of that name: the place is what makes keys unique. */
function source(record: ConsumedRecord, offset: string): FieldSource {
  return {
    get: (name) => (PLACE.includes(name) ? undefined : record.get(name)),
    place: { ...record.place, offset },
  }
}
