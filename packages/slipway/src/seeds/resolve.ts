import { quoteLiteral, type Session } from '../database/index.ts'
import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { readAlteredColumns } from './ledger.ts'
import type { Staged } from './postgres/stage.ts'
import type { GivenColumn } from './references.ts'
import {
  givenOf,
  joinedValue,
  type ResolvedColumns,
  resolvedColumns,
  storedOf,
} from './resolved-columns.ts'
import { moreRows, placeOfRow, refuseAmbiguous, repeatedKeys } from './row-source.ts'

/** Staged rows with resolved references: a relation with the columns of the target. */
export interface Resolved extends Staged, ResolvedColumns {
  /**
   * Columns in which a trigger changed values of the set in its last run; such values do not count as
   * different.
   */
  readonly altered: ReadonlySet<string>
}

/** SQL of a key in the ledger's form: of a resolved row, `r`, or, with an alias, of a row of the target. */
export function keyJson(resolved: Pick<Resolved, 'key' | 'names'>, alias?: string): string {
  const values = resolved.key.map((column) =>
    alias === undefined ? givenOf(resolved, column) : storedOf(column, alias),
  )
  return `jsonb_build_array(${values.map((value) => `${value}::text`).join(', ')})`
}

/**
 * Resolves the references of staged rows. `later` names the columns that are filled later. Fails with
 * SEEDS.REFERENCE_MISSING, SEEDS.KEY_NOT_UNIQUE, SEEDS.DUPLICATE_KEY and SEEDS.ROW_INVALID, with the row's
 * place.
 */
export async function resolve(
  session: Session,
  staged: Staged,
  later: ReadonlySet<string>,
): Promise<Resolved> {
  const { layout, relation } = staged
  const given = layout.columns.filter(({ column }) => !later.has(column.name))
  const resolved = {
    ...staged,
    ...resolvedColumns(staged, later),
    altered: await readAlteredColumns(session, staged),
  }
  if (given.every(({ plain, references }) => references.length === 0 && plain.length === 1)) {
    const names = new Map(given.map(({ column, plain }) => [column, plain[0]?.staged ?? '']))
    const direct = { ...resolved, names, source: `${relation} r` }
    await refuseDuplicates(session, direct)
    return direct
  }
  // Rows are resolved twice if columns are filled later.
  const joined = `${relation}_${later.size === 0 ? 'whole' : 'part'}`
  await session.execute(joinSql(joined, relation, given))
  await refuseMissing(session, staged, joined)
  const names = new Map(given.map(({ column }, at) => [column, `v${at}`]))
  const whole = { ...resolved, names, source: `${joined} r` }
  await refuseDuplicates(session, whole)
  return whole
}

/**
 * SQL that creates the relation with the columns of the target, and for each row its first unresolved
 * reference.
 */
function joinSql(joined: string, relation: string, given: readonly GivenColumn[]): string {
  const values = given.map((column, at) => `${joinedValue(column)} AS v${at}`)
  const references = given.flatMap((one) => one.references)
  const missing = references.map(
    (one) => `WHEN ${one.given} AND ${one.value} IS NULL THEN ${quoteLiteral(one.column.name)}`,
  )
  const joins = [...new Set(references.flatMap((one) => one.joins))]
  return `CREATE TEMPORARY TABLE ${joined} ON COMMIT DROP AS
     SELECT ${['s.n', 's.g', ...values].join(', ')}, ${missing.length > 0 ? `CASE ${missing.join(' ')} END` : 'NULL::text'} AS missing
     FROM ${relation} s ${joins.join(' ')};
     ANALYZE ${joined}`
}

async function refuseMissing(session: Session, staged: Staged, joined: string): Promise<void> {
  const rows = await session.query<{ n: string; missing: string; count: string }>(
    `SELECT r.n, r.missing, count(*) OVER () AS count FROM ${joined} r WHERE r.missing IS NOT NULL ORDER BY r.n LIMIT 1`,
  )
  const [row] = rows
  if (row === undefined) return
  const { set, table } = staged
  const where = await placeOfRow(set, table, Number(row.n))
  raise('SEEDS.REFERENCE_MISSING', {
    message: `Row ${row.n} of ${table.name} in ${set.name} refers by ${row.missing} to a row that does not exist${moreRows(Number(row.count) - 1)}.`,
    why: 'A reference is the natural key of a row that exists in the database or comes earlier in the seeds.',
    nextActions: [
      advice('Nothing was written. Add the missing row, or name its set in dependsOn.'),
    ],
    where,
  })
}

async function refuseDuplicates(session: Session, resolved: Resolved): Promise<void> {
  const { set, table, key, source } = resolved
  const columns = key.map((column) => givenOf(resolved, column))
  const [empty] = await session.query<{ n: string }>(
    `SELECT r.n FROM ${source} WHERE ${columns.map((column) => `${column} IS NULL`).join(' OR ')} ORDER BY r.n LIMIT 1`,
  )
  if (empty) {
    raise('SEEDS.ROW_INVALID', {
      message: `Row ${empty.n} of ${table.name} in ${set.name} has no value in its natural key.`,
      why: `The key is ${table.key.join(', ')}.`,
      nextActions: [advice('Nothing was written. Give it a value and run the seeds again.')],
      where: await placeOfRow(set, table, Number(empty.n)),
    })
  }
  // Usually there are no duplicates, and that is quick to find out; only otherwise are they identified.
  const some = await session.query(
    `SELECT FROM ${source} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 LIMIT 1`,
  )
  if (some.length === 0) return
  const [pair] = await session.query<{ first: string; second: string; count: string }>(
    `SELECT min(r.n) AS first, (array_agg(r.n ORDER BY r.n))[2] AS second, count(*) OVER () AS count
     FROM ${source} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 ORDER BY 1 LIMIT 1`,
  )
  if (pair === undefined) return
  const [one, other] = [
    await placeOfRow(set, table, Number(pair.first)),
    await placeOfRow(set, table, Number(pair.second)),
  ]
  if (pair.first === pair.second) return refuseAmbiguous(resolved, Number(pair.first), one)
  const named = (place: { line?: number }, row: string) =>
    place.line === undefined ? `row ${row}` : `line ${place.line}`
  raise('SEEDS.DUPLICATE_KEY', {
    message: `In ${table.name} of ${set.name}, ${named(one, pair.first)} and ${named(other, pair.second)} have the same ${table.key.join(', ')}.`,
    why: `A natural key identifies one row. ${repeatedKeys(Number(pair.count))}`,
    nextActions: [advice('Nothing was written. Remove one of them.')],
    where: other,
  })
}
