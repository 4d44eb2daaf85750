import { OptionReader, refuse } from '../options.ts'
import { addTag } from './fields.ts'
import { step, type StepOptions, type SyncTransform } from './step.ts'

export interface TagOptions extends StepOptions {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/** Adds to ECS's `tags` and takes from them. */
export function tag(options: TagOptions): SyncTransform {
  const reader = new OptionReader('tag', options)
  if (!reader.has('add') && !reader.has('remove'))
    refuse(reader.at('add'), 'tags to add or to remove', undefined)
  const add = reader.has('add') ? reader.strings('add') : []
  const remove = new Set<unknown>(reader.has('remove') ? reader.strings('remove') : [])
  return step(reader, (record) => {
    const tags = record.get('tags')
    if (remove.size > 0 && tags !== undefined) {
      const left = (Array.isArray(tags) ? (tags as unknown[]) : [tags]).filter((one) => !remove.has(one))
      if (left.length > 0) record.fields.tags = left
      else delete record.fields.tags
    }
    for (const one of add) addTag(record.fields, one)
    return record
  })
}
