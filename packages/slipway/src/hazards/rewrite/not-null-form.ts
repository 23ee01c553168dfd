import type { ObjectName } from '../../statements/index.ts'
import { type Form, nameWith, none, type Site, written } from './form.ts'

/** SET NOT NULL after a validated CHECK, so that it need not read any row. */
export function setNotNull(table: ObjectName, column: string, { alter }: Site): Form {
  if (!alter) return none('The column is not changed by an ALTER TABLE.')
  return {
    kind: 'steps',
    steps: notNullSteps(table, written(column, alter.part), { head: alter.head, column }),
    separateTransactions: true,
    done: 'A check reads the rows under SHARE UPDATE EXCLUSIVE; with it, SET NOT NULL takes ACCESS EXCLUSIVE for a moment only.',
  }
}

/**
 * The steps to NOT NULL. The check is not named `…_not_null`, because since PostgreSQL 18 SET NOT NULL
 * creates a constraint of that name.
 */
export function notNullSteps(
  table: ObjectName,
  name: string,
  { head, column }: { readonly head: string; readonly column: string },
): string[] {
  const check = written(nameWith(`${table.name}_${column}`, '_filled'), '')
  return [
    `${head} ADD CONSTRAINT ${check} CHECK (${name} IS NOT NULL) NOT VALID`,
    `${head} VALIDATE CONSTRAINT ${check}`,
    `${head} ALTER COLUMN ${name} SET NOT NULL`,
    `${head} DROP CONSTRAINT ${check}`,
  ]
}
