import { quoteIdentifier } from '../../database/index.ts'
import { type ConstraintDefinition, objectName, type ObjectRef } from '../../statements/index.ts'
import { type PendingTable, tableNamed } from '../pending-rows.ts'
import {
  offendingRowsQuestion,
  type QuestionContext,
  type PreCheckQuestion,
  undecided,
} from '../question.ts'
import { doubtOfReferenced, doubtsOf } from '../row-changes.ts'
import { columnOf, rowsOf, unknownColumn } from './offending-rows.ts'

/**
 * Asks for rows that reference no existing row. With MATCH SIMPLE, a row with a NULL in its key references
 * nothing and passes.
 */
export function foreignKeyQuestion(
  asking: QuestionContext,
  { columns, references }: ConstraintDefinition,
  object: ObjectRef,
): PreCheckQuestion[] {
  const { rows, table } = asking
  const subject = { kind: 'foreign-key' as const, object }
  const referenced = references && tableNamed(rows, references.table)
  if (referenced === undefined) return []
  const keys = references?.columns.length ? references.columns : referenced.primaryKey
  const doubt = whyUndecided(referenced, keys, columns.length)
  const empty = columns.some((column) => table.columns.get(column)?.empty)
  const where = [
    ...columns.map((column) => `${columnOf(table, column)} IS NOT NULL`),
    `NOT EXISTS (SELECT FROM ${rowsOf(referenced, { columns: keys, only: true, alias: ALIAS })} WHERE ${pairs(table, columns, keys)})`,
  ]
  const known = referenced.target === undefined ? where.slice(0, -1) : where
  const asked = offendingRowsQuestion(asking, subject, {
    columns,
    where: known.join(' AND '),
    only: true,
  })
  const nothingYet = empty && Object.keys(doubtsOf(table, columns)).length === 0
  if (doubt === undefined || asked.length === 0 || nothingYet) return asked
  return [undecided(subject, doubt)]
}

const ALIAS = 'slipway referenced'

function pairs(table: PendingTable, columns: readonly string[], keys: readonly string[]): string {
  const equal = columns.map((column, at) => {
    const key = `${quoteIdentifier(ALIAS)}.${quoteIdentifier(keys[at] ?? '')}`
    return `${key} = ${columnOf(table, column)}`
  })
  return equal.join(' AND ')
}

function whyUndecided(
  referenced: PendingTable,
  keys: readonly string[],
  count: number,
): string | undefined {
  if (referenced.target !== undefined && keys.length !== count)
    return `the key of ${objectName(referenced)} is not known`
  return doubtOfReferenced(referenced) ?? unknownColumn(referenced, keys)
}
