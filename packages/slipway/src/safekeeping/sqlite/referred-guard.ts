import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { guardSql, type Violation } from '../../execution/index.ts'
import { advice, type Failure, failureFrom } from '../../kernel/index.ts'
import { isSameName, type SqliteForeignKey } from '../../schema/index.ts'
import { rowText } from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'
import { changesValues, inTable, type Restored, rowNumber, rowWhere } from './restored.ts'

/** The name of the guard against a foreign key that would set newer values to NULL or a default. */
export const REFERRED_GUARD = 'referred'

/** SQL around the restore of the values of a parent. */
export interface GuardSql {
  readonly before: string
  readonly after: string
}

/**
 * SQL of the guard for one foreign key: the values of the rows that refer must be the same afterwards, except of
 * rows that are restored themselves. `number` distinguishes it from others.
 */
export function referredGuard(
  { table, columns, parent }: SqliteForeignKey,
  restored: readonly Restored[],
  number: number,
): GuardSql {
  const referring = `_slipway_referring_${number}`
  const own = restored.find(
    ({ kept }) =>
      isSameName(kept.table.name, table) &&
      changesValues(kept) &&
      kept.key.length > 0 &&
      columns.every((name) => kept.stored.includes(name) && !kept.key.includes(name)),
  )
  const others =
    own === undefined
      ? ''
      : ` LEFT JOIN ${keptTable(own.kept.id)} k ON ${rowWhere(own).join(' AND ')}`
  const conditions = [
    ...columns.map((name) => `${inTable(name)} IS NOT NULL`),
    ...(own === undefined ? [] : [`${rowNumber(own.kept)} IS NULL`]),
  ]
  const values = `SELECT ${rowText(columns, 't')} AS value, count(*) AS number FROM ${quoteIdentifier(table)} t${others} WHERE ${conditions.join(' AND ')} GROUP BY 1`
  const guard = guardSql(
    REFERRED_GUARD,
    `EXISTS (SELECT value, number FROM ${referring} EXCEPT ${values})`,
    { table: quoteText(table), parent: quoteText(parent) },
  )
  return {
    before: `CREATE TABLE ${referring} AS ${values};\n`,
    after: `${guard}DROP TABLE ${referring};\n`,
  }
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
