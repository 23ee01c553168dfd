import type { Named } from '../schema/index.ts'
import type { ObjectName } from '../statements/index.ts'
import type { Context } from './hazard.ts'

/** A table, view or type as messages name it: `public.users`. */
export function full(
  { schema }: Pick<Context, 'schema'>,
  { schema: inSchema, name }: Named,
): string {
  return `${inSchema ?? schema.defaultSchema}.${name}`
}

/** The object of a finding about a table. */
export function tableObject(context: Context, table: ObjectName): string {
  return `table ${full(context, table)}`
}

/** The object of a finding about a column. */
export function columnObject(
  context: Pick<Context, 'schema'>,
  table: ObjectName,
  column: string,
): string {
  return `column ${full(context, table)}.${column}`
}
