import { type DefinedTable, type Dependent, dependentsOf, isSameName } from '../../schema/index.ts'
import { sqliteDetail } from '../../statements/index.ts'
import { isD1, rowsOf, nameWithRowCount } from './names-and-sizes.ts'
import type { Rebuild } from './rebuild.ts'
import type { SqliteContext } from './rule.ts'

/**
 * Who enforces foreign keys while a migration runs: the migration itself, or only wrangler, which ignores
 * it when the file switches them off. Undefined if they are not enforced.
 */
export function whoEnforcesKeys(context: SqliteContext): 'migration' | 'wrangler' | undefined {
  if (context.run.enforcesKeys) return 'migration'
  return isD1(context) ? 'wrangler' : undefined
}

/**
 * The foreign keys through which dropping the old table affects remaining rows. Excludes
 * those of the old table itself.
 */
export function reachedBy(context: SqliteContext, rebuild: Rebuild): readonly Dependent[] {
  return dependentsOf(context.definitions, rebuild.oldName).filter(
    ({ table }) => !isSameName(table.name, rebuild.oldName) && mayHaveRows(context, table, rebuild),
  )
}

/** Whether a table can have rows at a statement. This includes the new table, which the rebuild has filled. */
function mayHaveRows(context: SqliteContext, table: DefinedTable, { newTable }: Rebuild): boolean {
  if (isSameName(table.name, newTable.name)) return true
  const isNew = table.createdBy === context.migration.name && table.onTarget === undefined
  return isNew ? isFilledAbove(context, table.name) : rowsOf(context, table) !== 0
}

function isFilledAbove({ migration, statement }: SqliteContext, name: string): boolean {
  return migration.statements.slice(0, statement.number - 1).some((one) => {
    const detail = sqliteDetail(one)
    return detail.kind === 'insert' && isSameName(detail.table, name)
  })
}

/** The name of a table in messages about a rebuild. The new table is named as the rebuilt table. */
export function reachedName(
  context: SqliteContext,
  { table }: Dependent,
  { newTable, name }: Rebuild,
): string {
  return isSameName(table.name, newTable.name) ? `${name} itself` : nameWithRowCount(context, table)
}
