import type { DataModel } from '../datamodel.ts'
import type { Operation } from '../operation.ts'

/**
 * Tags of a model M: `M` for everything that depends on more than one row, `M*` for rows whose keys are not known,
 * `M#7` for the row with the key 7.
 */
export const tagOf = {
  model: (model: string) => model,
  anyRow: (model: string) => `${model}*`,
  row: (model: string, key: unknown) => `${model}#${String(key)}`,
}

/** The key field of a model. */
type KeyField = (model: string) => string

const BY_KEY = new Set(['findUnique', 'findUniqueOrThrow'])
const DELETES = new Set(['delete', 'deleteMany'])

/** The tags that a cached result depends on. */
export function tagsOfRead(
  { model = '', action, args }: Operation,
  dataModel: DataModel,
  keyField: KeyField,
): string[] {
  const related = [...relatedModels(args, model, dataModel).models].map(tagOf.model)
  const key = BY_KEY.has(action)
    ? rowKey((args as { where?: unknown }).where, keyField(model))
    : undefined
  if (key === undefined) return [tagOf.model(model), ...related]
  return [tagOf.row(model, key), tagOf.anyRow(model), ...related]
}

/** The tags of what a write may have changed: its own rows, those of nested writes and of cascading deletes. */
export function tagsOfWrite(
  { model = '', action, args }: Operation,
  result: unknown,
  options: { readonly dataModel: DataModel; readonly keyField: KeyField },
): string[] {
  const { dataModel, keyField } = options
  const { models, deletes } = relatedModels(args, model, dataModel)
  const isRekeyed = changesKey(action, args, keyField(model))
  // ON DELETE CASCADE, SET NULL and ON UPDATE CASCADE can reach all models that relations reach.
  const cascades = deletes || isRekeyed || DELETES.has(action)
  const touched = new Set([...models, ...(cascades ? reachableModels(model, dataModel) : [])])
  touched.delete(model)
  const keys = isRekeyed ? undefined : keysOf(result, keyField(model))
  const own = keys ? keys.map((key) => tagOf.row(model, key)) : [tagOf.anyRow(model)]
  const others = [...touched].flatMap((name) => [tagOf.model(name), tagOf.anyRow(name)])
  return [tagOf.model(model), ...own, ...others]
}

/** The models that arguments mention through relations, at any depth; and whether they delete there. */
function relatedModels(args: unknown, model: string, dataModel: DataModel) {
  const models = new Set<string>()
  let deletes = false
  const walk = (value: unknown, owner: string) => {
    if (Array.isArray(value)) for (const one of value) walk(one, owner)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    for (const [key, inner] of Object.entries(value)) {
      const field = dataModel.field(owner, key)
      if (field?.kind === 'object') models.add(field.type)
      // `_count: true` counts all relations.
      if (key === '_count' && inner === true)
        for (const one of dataModel.related(owner)) models.add(one)
      if (DELETES.has(key) && !field) deletes = true
      walk(inner, field?.kind === 'object' ? field.type : owner)
    }
  }
  walk(args, model)
  return { models, deletes }
}

/** The models that relations reach from a model, in any number of steps. */
function reachableModels(model: string, dataModel: DataModel): Set<string> {
  const found = new Set([model])
  for (const one of found) for (const related of dataModel.related(one)) found.add(related)
  return found
}

/** The key in a filter that selects one row by its key only. */
function rowKey(where: unknown, field: string): string | number | bigint | undefined {
  const entries = Object.entries(where ?? {})
  const [name, value] = entries[0] ?? []
  if (entries.length !== 1 || name !== field) return undefined
  return isKey(value) ? value : undefined
}

/** Whether a write may give existing rows other keys. */
function changesKey(action: string, args: unknown, field: string): boolean {
  if (action.startsWith('create')) return false
  const { data, update } = args as { readonly data?: unknown; readonly update?: unknown }
  return [data, update].some((one) => typeof one === 'object' && one !== null && field in one)
}

/** The keys of the rows that a write returned; undefined if it does not contain them. */
function keysOf(result: unknown, field: string): unknown[] | undefined {
  const rows = Array.isArray(result) ? result : [result]
  const keys = rows.map((row: unknown) => (row as Record<string, unknown> | null)?.[field])
  return keys.every(isKey) ? keys : undefined
}

function isKey(value: unknown): value is string | number | bigint {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
}
