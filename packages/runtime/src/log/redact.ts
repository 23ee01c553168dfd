import type { DataModel } from '../datamodel.ts'

const REDACTED = '[redacted]'

/** Arguments that shape a query and contain no value of a row. */
const SHAPE = new Set([
  'select',
  'include',
  'omit',
  'orderBy',
  'distinct',
  'take',
  'skip',
  'by',
  'skipDuplicates',
])

/** Arguments that contain values, also inside others that shape a query. */
const VALUES = new Set(['where', 'cursor', 'search'])

/** The place of a value in the arguments. */
interface Place {
  readonly model: string | undefined
  readonly field: string | undefined
  readonly isShape: boolean
}

/**
 * A copy of an operation's arguments in which each value is replaced, except those of the fields in `allowed`
 * (`Carrier.homeState`), including those in nested writes and filters. Arguments of raw queries are replaced as a whole.
 */
export function redactArguments(
  args: unknown,
  model: string | undefined,
  options: { readonly allowed: ReadonlySet<string>; readonly dataModel: DataModel },
): unknown {
  if (model === undefined) return args === undefined ? undefined : REDACTED
  return redact(args, { model, field: undefined, isShape: false })

  function redact(value: unknown, place: Place): unknown {
    if (Array.isArray(value)) return value.map((one) => redact(one, place))
    if (isPlainObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, redact(one, enter(place, key))]),
      )
    }
    return value === undefined || isVisible(place) ? value : REDACTED
  }

  function enter(place: Place, key: string): Place {
    // Operators of a filter, or the content of a JSON value, which may have any keys.
    if (place.field !== undefined) return place
    const field = place.model === undefined ? undefined : options.dataModel.field(place.model, key)
    if (field?.kind === 'object')
      return { model: field.type, field: undefined, isShape: place.isShape }
    if (field) return { ...place, field: key }
    // `where` inside `include` contains values again, `search` inside `orderBy` what a user looks for.
    return { ...place, isShape: !VALUES.has(key) && (place.isShape || SHAPE.has(key)) }
  }

  function isVisible({ model: owner, field, isShape }: Place): boolean {
    return isShape || (field !== undefined && options.allowed.has(`${owner}.${field}`))
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
