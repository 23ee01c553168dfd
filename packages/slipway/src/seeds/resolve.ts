import { quoteIdentifier, type Session } from '../database/index.ts'
import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { placeOfRow, type Staged } from './postgres/stage.ts'
import { columnOf, type TargetColumn, type TargetTable } from './target-tables.ts'

/** Staged rows with their references found: a relation with the columns of the target. */
export interface Resolved extends Staged {
  /** SQL to use after FROM; its alias is `r`, with `n` in addition to the columns. */
  readonly source: string
  /** Columns that it gives, those of the key first. */
  readonly columns: readonly TargetColumn[]
  readonly key: readonly TargetColumn[]
  /** Columns that are filled when all rows are there: they refer to rows that come later. */
  readonly later: readonly TargetColumn[]
}

/** SQL that is true where a row of the target, `t`, has the key of a resolved one, `r`. */
export function sameKey({ key }: Pick<Resolved, 'key'>): string {
  return key
    .map(({ name }) => `t.${quoteIdentifier(name)} = r.${quoteIdentifier(name)}`)
    .join(' AND ')
}

/**
 * Finds the rows that staged rows refer to. `later` names the columns that must wait. Fails with
 * SEEDS.REFERENCE_MISSING, SEEDS.KEY_NOT_UNIQUE, SEEDS.DUPLICATE_KEY and SEEDS.ROW_INVALID, with the row's place.
 */
export async function resolve(
  session: Session,
  staged: Staged,
  later: ReadonlySet<string>,
): Promise<Resolved> {
  const { layout, relation } = staged
  const key = keyOf(staged, later)
  const waits = ({ name }: TargetColumn) => later.has(name)
  const plain = layout.columns.filter((column) => !waits(column))
  const found = layout.references.filter(({ column }) => !waits(column))
  const columns = [...plain, ...found.map(({ column }) => column)]
  const resolved = {
    ...staged,
    key,
    columns: [...key, ...columns.filter((column) => !key.includes(column))],
    later: [...layout.columns, ...layout.references.map(({ column }) => column)].filter(waits),
  }
  const selected = layout.cells
    .filter(({ field }) => !field.includes('.'))
    .filter(({ column }) => !waits(column))
    .map(({ staged: name, column }) => `s.${name} AS ${quoteIdentifier(column.name)}`)
  if (found.length === 0) {
    const source = `(SELECT ${['s.n', ...selected].join(', ')} FROM ${relation} s) r`
    await refuseDuplicates(session, { ...resolved, source })
    return { ...resolved, source }
  }
  const values = found.map(({ column, value }) => `${value} AS ${quoteIdentifier(column.name)}`)
  const missing = found.map(
    ({ column, value, given }) =>
      `WHEN ${given} AND ${value} IS NULL THEN '${column.name.replaceAll("'", "''")}'`,
  )
  // The rows of a table are resolved twice where columns must wait.
  const joined = `${relation}_${later.size === 0 ? 'whole' : 'part'}`
  await session.execute(
    `CREATE TEMPORARY TABLE ${joined} ON COMMIT DROP AS
     SELECT ${['s.n', ...selected, ...values].join(', ')}, CASE ${missing.join(' ')} END AS missing
     FROM ${relation} s ${[...new Set(found.flatMap(({ joins }) => joins))].join(' ')};
     ANALYZE ${joined}`,
  )
  await refuseMissing(session, staged, joined)
  await refuseDuplicates(session, { ...resolved, source: `${joined} r` })
  return { ...resolved, source: `${joined} r` }
}

/** The columns of the natural key; each must be given, and a unique key must hold them apart. */
function keyOf({ set, table, target, layout }: Staged, later: ReadonlySet<string>): TargetColumn[] {
  const given = [...layout.columns, ...layout.references.map(({ column }) => column)]
  const key = table.key.map((field) => {
    const column = columnOf(target, field)
    if (column && given.includes(column) && !later.has(column.name)) return column
    return raise('SEEDS.SET_INVALID', {
      message: `The natural key of ${table.name} in ${set.name} names ${field}.`,
      why: column
        ? `Its rows do not give ${field}, or it refers to rows that come later.`
        : `${target.name} has no such column.`,
      nextActions: [advice('A natural key consists of fields that every row gives.')],
      where: { file: set.file },
    })
  })
  requireUnique(set, target, key)
  return key
}

function requireUnique(
  set: Staged['set'],
  target: TargetTable,
  key: readonly TargetColumn[],
): void {
  const names = key.map(({ name }) => name)
  if (target.unique.some((columns) => columns.every((column) => names.includes(column)))) return
  const columns = names.map(quoteIdentifier).join(', ')
  const index = quoteIdentifier(`${target.name}_${names.join('_')}_key`.slice(0, 63))
  raise('SEEDS.KEY_NOT_UNIQUE', {
    message: `The natural key of ${target.name} in ${set.name} has no unique index: ${names.join(', ')}.`,
    why: 'Without a unique index, two rows could have the same key.',
    nextActions: [
      advice(`Add @@unique([${names.join(', ')}]) to the model and run slipway dev,`),
      advice(
        `or put this into a migration: CREATE UNIQUE INDEX ${index} ON ${target.id} (${columns});`,
      ),
    ],
    where: { file: set.file },
  })
}

async function refuseMissing(session: Session, staged: Staged, joined: string): Promise<void> {
  const rows = await session.query<{ n: string; missing: string; count: string }>(
    `SELECT n, missing, count(*) OVER () AS count FROM ${joined} WHERE missing IS NOT NULL ORDER BY n LIMIT 1`,
  )
  const [row] = rows
  if (row === undefined) return
  const { set, table } = staged
  const where = await placeOfRow(set, table, Number(row.n))
  const more = Number(row.count) > 1 ? `, as ${Number(row.count) - 1} more rows do` : ''
  raise('SEEDS.REFERENCE_MISSING', {
    message: `Row ${row.n} of ${table.name} in ${set.name} refers by ${row.missing} to a row that does not exist${more}.`,
    why: 'A reference is the natural key of a row that exists in the database or comes earlier in the seeds.',
    nextActions: [
      advice('Nothing was written. Add the missing row, or name its set in dependsOn.'),
    ],
    where,
  })
}

async function refuseDuplicates(session: Session, resolved: Resolved): Promise<void> {
  const { set, table, key, source } = resolved
  const columns = key.map(({ name }) => `r.${quoteIdentifier(name)}`)
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
  // The usual answer is none, and quick to have; who they are is asked only then.
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
  const named = (place: { line?: number }, row: string) =>
    place.line === undefined ? `row ${row}` : `line ${place.line}`
  raise('SEEDS.DUPLICATE_KEY', {
    message: `${named(one, pair.first)} and ${named(other, pair.second)} of ${table.name} in ${set.name} have the same ${table.key.join(', ')}.`,
    why: `A natural key identifies one row. ${pair.count} keys occur more than once.`,
    nextActions: [advice('Nothing was written. Remove one of them.')],
    where: other,
  })
}
