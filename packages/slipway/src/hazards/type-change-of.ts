import { columnNamed } from '../schema/index.ts'
import type { Action } from '../statements/index.ts'
import type { Context } from './hazard.ts'
import { type TypeChange, typeChange } from './type-change.ts'

/** What an ALTER COLUMN TYPE costs, and the previous type; `from` is absent if that is unknown. */
export function typeChangeOf(
  { table, column, type, using, casts, collated }: Extract<Action, { kind: 'change-type' }>,
  { schema }: Pick<Context, 'schema'>,
): { readonly kind: TypeChange; readonly from?: string } {
  const from = columnNamed(schema, table, column)?.type
  if (from === undefined) return { kind: 'rewrite' }
  // A cast to the new type adds nothing to the type change itself.
  if (using !== undefined && (casts === undefined || casts.some((one) => one !== type)))
    return { from, kind: 'rewrite' }
  const kind = typeChange(from, type)
  // A different collation changes the sort order, whatever the type.
  const sorted = collated && kind === 'catalog'
  return { from, kind: sorted ? 'indexes' : kind }
}
