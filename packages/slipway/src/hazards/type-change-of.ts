import { columnNamed } from '../schema/index.ts'
import type { Action } from '../statements/index.ts'
import type { Context } from './hazard.ts'
import { type TypeChange, typeChange } from './type-change.ts'

/** What an ALTER COLUMN TYPE costs, with the type before it, where that is known. */
export function typeChangeOf(
  { table, column, type, using }: Extract<Action, { kind: 'change-type' }>,
  { schema, statement }: Pick<Context, 'schema' | 'statement'>,
): { readonly kind: TypeChange; readonly from?: string } {
  const from = columnNamed(schema, table, column)?.type
  if (from === undefined) return { kind: 'rewrite' }
  if (using !== undefined && !isPlainCast(using, column)) return { from, kind: 'rewrite' }
  const kind = typeChange(from, type)
  // Another collation sorts otherwise, whatever the type.
  const sorted = /\bCOLLATE\b/i.test(statement.text) && kind === 'catalog'
  return { from, kind: sorted ? 'indexes' : kind }
}

/** `USING a::text` says no more than the change itself. */
function isPlainCast(using: string, column: string): boolean {
  const [value = '', ...casts] = using.replace(/^\((.*)\)$/s, '$1').split('::')
  const name = value.trim().replace(/^"(.*)"$/s, '$1')
  return name === column && casts.length <= 1
}
