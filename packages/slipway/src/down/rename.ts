import { quoteIdentifier, quoteLiteral } from '../database/index.ts'
import { assertNever } from '../kernel/index.ts'
import { applyAction, type DatabaseSchema } from '../schema/index.ts'
import type { RenameAction } from '../statements/index.ts'

/** A change of only a name: its inverse restores everything. */
export type Rename = { readonly schema: string; readonly from: string; readonly to: string } & (
  | { readonly kind: 'table' | 'index' | 'type' }
  | { readonly kind: 'column' | 'constraint'; readonly table: string }
  | { readonly kind: 'enum-value'; readonly type: string }
)

/** The rename that undoes a rename. */
export function inverse(rename: Rename): Rename {
  return { ...rename, from: rename.to, to: rename.from }
}

/** A rename as SQL, without a semicolon; with the schema if `qualified`. */
export function renameSql(rename: Rename, qualified: boolean): string {
  const { schema, from, to } = rename
  const name = (object: string) =>
    qualified ? `${quoteIdentifier(schema)}.${quoteIdentifier(object)}` : quoteIdentifier(object)
  const [old, fresh] = [quoteIdentifier(from), quoteIdentifier(to)]
  switch (rename.kind) {
    case 'table':
      return `ALTER TABLE ${name(from)} RENAME TO ${fresh}`
    case 'index':
      return `ALTER INDEX ${name(from)} RENAME TO ${fresh}`
    case 'type':
      return `ALTER TYPE ${name(from)} RENAME TO ${fresh}`
    case 'column':
      return `ALTER TABLE ${name(rename.table)} RENAME COLUMN ${old} TO ${fresh}`
    case 'constraint':
      return `ALTER TABLE ${name(rename.table)} RENAME CONSTRAINT ${old} TO ${fresh}`
    case 'enum-value':
      return `ALTER TYPE ${name(rename.type)} RENAME VALUE ${quoteLiteral(from)} TO ${quoteLiteral(to)}`
    default:
      return assertNever(rename)
  }
}

/** The schema after a rename. */
export function renamed(schema: DatabaseSchema, rename: Rename): DatabaseSchema {
  return applyAction(schema, actionOf(rename), '')
}

function actionOf(rename: Rename): RenameAction {
  const { schema, from, to } = rename
  switch (rename.kind) {
    case 'column':
    case 'constraint':
      return { kind: 'rename', of: rename.kind, table: { schema, name: rename.table }, from, to }
    case 'enum-value':
      return { kind: 'rename', of: rename.kind, type: { schema, name: rename.type }, from, to }
    default:
      return { kind: 'rename', of: rename.kind, schema, from, to }
  }
}
