import { type Named, referenceOf } from '../schema/index.ts'
import {
  objectName,
  type ObjectRef,
  partRef,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import type { Context } from './hazard.ts'

/** The name of a table, view or type in messages: `users`, `billing.invoice`. */
export function full({ schema }: Pick<Context, 'schema'>, name: Named): string {
  return objectName(tableRef(schema, name))
}

/** The object of a finding about a table. */
export function tableObject({ schema }: Pick<Context, 'schema'>, table: Named): TableRef {
  return tableRef(schema, table)
}

/** The object of a finding about a column. */
export function columnObject(
  { schema }: Pick<Context, 'schema'>,
  table: Named,
  column: string,
): ObjectRef {
  return partRef('column', referenceOf(schema, table), column)
}
