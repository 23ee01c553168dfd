import { columnNamed } from '../schema/index.ts'
import type { Action } from '../statements/index.ts'
import type { Context } from './hazard.ts'
import { type TypeChange, typeChange } from './type-change.ts'

/** What an ALTER COLUMN TYPE costs, with the type before it; absent if it is not known. */
export function typeChangeOf(
  { table, column, type, using, casts, collated }: Extract<Action, { kind: 'change-type' }>,
  { schema }: Pick<Context, 'schema'>,
): { readonly kind: TypeChange; readonly from?: string } {
  const from = columnNamed(schema, table, column)?.type
  if (from === undefined) return { kind: 'rewrite' }
  // `USING a::text` says nothing more than the change itself.
  if (using !== undefined && (casts === undefined || casts.length > 1))
    return { from, kind: 'rewrite' }
  const kind = typeChange(from, type)
  // Another collation sorts otherwise, whatever the type.
  const sorted = collated && kind === 'catalog'
  return { from, kind: sorted ? 'indexes' : kind }
}
