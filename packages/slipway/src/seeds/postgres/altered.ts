import { quoteLiteral, type Session } from '../../database/index.ts'
import { historySchema } from '../../history/index.ts'
import { advice, formatRows } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { ofSetAndTable, relationOf } from '../ledger.ts'
import { keyJson, type Resolved } from '../resolve.ts'
import { givenOf, isGiven, sameKey, storedOf } from '../resolved-columns.ts'
import { placeOfRow } from '../row-source.ts'
import type { TargetColumn, TargetTable } from '../target-tables.ts'

// A trigger may change a value of a set. The ledger then stores two checksums: one of the set's value and one
// of the trigger's result. While both still match, the row is neither written nor reported as different.

/** Whether writing to these tables runs user-defined triggers or rules. */
export async function haveTriggers(
  session: Session,
  targets: readonly TargetTable[],
): Promise<boolean> {
  const tables = `ARRAY[${targets.map(({ id }) => `${quoteLiteral(id)}::regclass`).join(', ')}]::regclass[]`
  const [found] = await session.query<{ some: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_trigger g WHERE NOT g.tgisinternal AND g.tgenabled <> 'D'
         AND (g.tgrelid = ANY (${tables}) OR pg_partition_root(g.tgrelid) = ANY (${tables})))
       OR EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = ANY (${tables}) AND w.ev_type <> '1') AS some`,
  )
  return found?.some ?? false
}

/**
 * Types in which different values can be equal: text by its collation, citext in the case, interval in `1 mon`
 * and `30 days`.
 */
const INEXACT = /^(?:text|character|character varying|citext|interval)$/

/** Whether `=` of a type compares whole values; the elements of an array may have no `=`, or an inexact one. */
function isExact({ base, comparable }: TargetColumn): boolean {
  return comparable && !base.endsWith(']') && !INEXACT.test(base)
}

/** SQL that is true if a column differs between a row of the target, `t`, and a resolved row, `r`. */
export function differs(resolved: Resolved, column: TargetColumn): string {
  const [stored, given] = [storedOf(column), givenOf(resolved, column)]
  const differ = isExact(column)
    ? `${stored} IS DISTINCT FROM ${given}`
    : `${stored}::text COLLATE "C" IS DISTINCT FROM ${given}::text`
  const condition = isGiven(resolved, column)
  return condition === undefined ? differ : `(${condition} AND ${differ})`
}

/**
 * SQL that is true if a row of the target, `t`, differs from the seed's, `r`, for another reason than a
 * trigger.
 */
export function distinct(
  session: Session,
  resolved: Resolved,
  columns: readonly TargetColumn[],
): string {
  return columns
    .map((column) => {
      const differ = differs(resolved, column)
      if (!resolved.altered.has(column.name)) return differ
      return `(${differ} AND NOT ${isAltered(session, resolved, column)})`
    })
    .join(' OR ')
}

/** SQL that is true if a trigger made this difference, and neither value has changed since. */
export function isAltered(session: Session, resolved: Resolved, column: TargetColumn): string {
  const { set, target } = resolved
  return `EXISTS (SELECT FROM ${session.ledger}.seed_altered a WHERE ${ofSetAndTable(session, set, target)}
    AND a.key = ${keyJson(resolved)} AND a.column_name = ${quoteLiteral(column.name)}
    AND a.asked = ${sumOf(givenOf(resolved, column))} AND a.stored = ${sumOf(storedOf(column))})`
}

function sumOf(value: string): string {
  return `coalesce(md5(${value}::text), '')`
}

/**
 * Records the rows in which a trigger changed written values. Fails with SEEDS.ROW_INVALID if written rows
 * are missing.
 */
export async function recordAltered(session: Session, resolved: Resolved): Promise<void> {
  await refuseSwallowed(session, resolved)
  const { set, table, target, source, key, columns, altered } = resolved
  const place = ofSetAndTable(session, set, target)
  if (altered.size > 0)
    await session.execute(`DELETE FROM ${session.ledger}.seed_altered WHERE ${place}`)
  const values = columns.filter((column) => !key.includes(column))
  if (table.mode === 'insert-missing' || values.length === 0) return
  const cells = values.map((column) => {
    const sums = [givenOf(resolved, column), storedOf(column)].map(sumOf)
    return `(${[quoteLiteral(column.name), ...sums, differs(resolved, column)].join(', ')})`
  })
  await session.execute(
    `INSERT INTO ${session.ledger}.seed_altered (history_schema, seed, relation, key, column_name, asked, stored)
     SELECT ${historySchema(session)}, ${quoteLiteral(set.name)}, ${relationOf(session, target)}, ${keyJson(resolved)}, v.name, v.asked, v.stored
     FROM ${source} JOIN ${target.id} t ON ${sameKey(resolved)}
       CROSS JOIN LATERAL (VALUES ${cells.join(', ')}) AS v (name, asked, stored, differs) WHERE v.differs`,
  )
}

async function refuseSwallowed(session: Session, resolved: Resolved): Promise<void> {
  const { set, table, target, source } = resolved
  const [row] = await session.query<{ n: string; count: string }>(
    `SELECT min(r.n) AS n, count(*) AS count FROM ${source} WHERE NOT EXISTS (SELECT FROM ${target.id} t WHERE ${sameKey(resolved)})`,
  )
  const count = Number(row?.count ?? 0)
  if (row === undefined || count === 0) return
  raise('SEEDS.ROW_INVALID', {
    message: `${formatRows(count)} of ${table.name} in ${set.name} ${count === 1 ? 'is' : 'are'} not in ${target.name} after the set was written.`,
    why: 'A trigger or rule rejects or removes them, or changes their natural key.',
    nextActions: [
      advice('None of the set was written. Use the natural key that the trigger produces.'),
    ],
    where: await placeOfRow(set, table, Number(row.n)),
  })
}
