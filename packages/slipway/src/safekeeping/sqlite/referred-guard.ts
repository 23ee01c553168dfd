import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { guardSql, type Violation } from '../../execution/index.ts'
import { advice, type Failure, failureFrom } from '../../kernel/index.ts'
import type { SqliteForeignKey } from '../../schema/index.ts'
import { laterColumn } from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'
import { inCopy, inTable, type Restored, rowWhere } from './restored.ts'

/** The name of the guard against a foreign key that would set newer values to NULL or a default. */
export const REFERRED_GUARD = 'referred'

/** SQL of the guard for one foreign key, before the values of its parent are restored. */
export function referredGuard(
  restored: Restored,
  { table, columns, referenced }: SqliteForeignKey,
): string {
  const { kept } = restored
  const refers = columns.map(
    (column, at) => `c.${quoteIdentifier(column)} = ${inTable(referenced[at] ?? '')}`,
  )
  const changes = referenced.flatMap((name) => {
    if (!kept.stored.includes(name)) return []
    const isLeft = kept.later.has(name)
      ? ` AND ${inTable(name)} IS ${inCopy(laterColumn(name))}`
      : ''
    return [`(${inTable(name)} COLLATE BINARY IS NOT ${inCopy(name)}${isLeft})`]
  })
  const conditions = [...rowWhere(restored), ...refers, `(${changes.join(' OR ')})`]
  const from = `${quoteIdentifier(table)} c, ${quoteIdentifier(kept.table.name)} t, ${keptTable(kept.id)} k`
  return guardSql(
    REFERRED_GUARD,
    `EXISTS (SELECT 1 FROM ${from} WHERE ${conditions.join(' AND ')})`,
    { table: quoteText(table), parent: quoteText(kept.table.name) },
  )
}

/** The failure of a restore that this guard undid. */
export function referredFailure({ facts }: Violation): Failure {
  const [table, parent] = [String(facts['table']), String(facts['parent'])]
  return failureFrom('SAFEKEEPING.REFERRED', {
    message: `The kept values of ${parent} were not restored: rows of ${table} that were written since refer to the values that they would replace.`,
    why: `The foreign key of ${table} has ON UPDATE SET NULL or SET DEFAULT, so these rows would lose the reference.`,
    nextActions: [
      advice(`Let these rows of ${table} refer to another row of ${parent}, then try again.`),
    ],
  })
}
