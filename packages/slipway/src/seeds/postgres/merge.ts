import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { historySchema } from '../../history/index.ts'
import { advice, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { relationOf } from '../ledger.ts'
import { keyJson, type Resolved } from '../resolve.ts'
import { givenOf, isGiven, sameKey, storedOf } from '../resolved-columns.ts'
import { placeOfRow } from '../row-source.ts'
import type { TableCounts } from '../table-counts.ts'
import { fillerOf, type TargetColumn, type TargetTable } from '../target-tables.ts'
import { differs, distinct } from './altered.ts'
import { type RemovedForUniqueness, withFreedUniqueValues } from './free-unique-values.ts'
import { setSequences } from './sequences.ts'
import { wasMissing } from './sync-diff.ts'

/**
 * Merges the rows of the seed into a table according to its owner mode: one UPDATE, and one INSERT or more. In
 * a dry run, it does not move sequences unless rows without a number follow rows with one: a rollback does not
 * move them back.
 */
export async function merge(
  session: Session,
  resolved: Resolved,
  { dryRun }: { readonly dryRun: boolean },
): Promise<TableCounts> {
  const { table, rows, key } = resolved
  await refuseMissingValues(session, resolved)
  if (table.mode !== 'insert-missing') await refuseOtherIdentity(session, resolved)
  const columns = resolved.columns.filter((column) => !key.includes(column))
  const removed: RemovedForUniqueness = { deleted: 0, cascaded: [] }
  try {
    const write = async () => ({
      updated: table.mode === 'insert-missing' ? 0 : await update(session, resolved),
      inserted: await insert(session, resolved),
    })
    const { updated, inserted } = await withFreedUniqueValues(session, resolved, {
      columns,
      removed,
      work: write,
    })
    if (inserted > 0 && !dryRun) await setSequences(session, resolved.target)
    return {
      table: table.name,
      inserted,
      updated,
      unchanged: rows - inserted - updated,
      ...removed,
    }
  } catch (error) {
    return refuse(error, resolved)
  }
}

/**
 * Fills the columns that refer to later rows; for `insert-missing`, only in inserted rows. `recordChanges`
 * must have run before the merge.
 */
export async function fillDeferredColumns(
  session: Session,
  resolved: Resolved,
  deferred: readonly TargetColumn[],
  removed: RemovedForUniqueness = { deleted: 0, cascaded: [] },
): Promise<void> {
  const changed = distinct(session, resolved, deferred)
  const kept = resolved.table.mode === 'insert-missing' ? ` AND ${wasMissing(resolved)}` : ''
  const sql = `UPDATE ${resolved.target.id} t SET ${assigned(resolved, deferred).join(', ')} FROM ${resolved.source} WHERE ${sameKey(resolved)} AND (${changed})${kept}`
  try {
    await withFreedUniqueValues(session, resolved, {
      columns: deferred,
      removed,
      work: async () => await session.queryRaw(sql),
    })
  } catch (error) {
    return refuse(error, resolved)
  }
}

async function update(session: Session, resolved: Resolved): Promise<number> {
  const { target, columns, key, source } = resolved
  const values = columns.filter((column) => !key.includes(column) && !column.always)
  if (values.length === 0) return 0
  const touched = target.columns.find((column) => isTouched(target, column))
  const gap = touched && (columns.includes(touched) ? isGiven(resolved, touched) : 'false')
  const set = [
    ...assigned(
      resolved,
      values.filter((column) => gap === undefined || column !== touched),
    ),
    ...(touched && gap !== undefined
      ? [`${quoteIdentifier(touched.name)} = ${touchedValue(resolved, touched, gap)}`]
      : []),
  ]
  const { affected } = await session.queryRaw(
    `UPDATE ${target.id} t SET ${set.join(', ')} FROM ${source} WHERE ${sameKey(resolved)} AND (${distinct(session, resolved, values)})`,
  )
  return affected
}

/** Whether Prisma Client writes the time of an update into a column. */
function isTouched({ model }: TargetTable, { name }: TargetColumn): boolean {
  return (
    model?.members.some(({ mapped, filled }) => mapped === name && filled === 'updatedAt') ?? false
  )
}

/** The time of the run, for rows that do not give a time. */
function touchedValue(resolved: Resolved, column: TargetColumn, given: string): string {
  return given === 'false'
    ? 'now()'
    : `CASE WHEN ${given} THEN ${givenOf(resolved, column)} ELSE now() END`
}

/** Runs one INSERT for each group of rows that omit the same columns with defaults. */
async function insert(session: Session, resolved: Resolved): Promise<number> {
  let inserted = 0
  // Rows that give their number come first, so that no other row gets it from the sequence.
  const isNumbered = ({ left }: InsertGroup) => left.every(({ sequence }) => sequence === undefined)
  const groups = insertGroups(resolved)
  const numbered = groups.filter(isNumbered)
  for (const group of numbered) inserted += await insertRows(session, resolved, group)
  if (numbered.length < groups.length && inserted > 0) await setSequences(session, resolved.target)
  for (const group of groups.filter((one) => !isNumbered(one)))
    inserted += await insertRows(session, resolved, group)
  return inserted
}

interface InsertGroup {
  /** Columns that the server fills with their defaults. */
  readonly left: readonly TargetColumn[]
  /** The shapes of its rows; all if absent. */
  readonly shapes?: readonly number[]
}

function insertGroups({ columns, shapesOf, shapes }: Resolved): readonly InsertGroup[] {
  const filled = columns.filter((column) => column.hasDefault && shapesOf.has(column))
  if (filled.length === 0) return [{ left: [] }]
  const groups = Map.groupBy(shapes.keys(), (shape) =>
    JSON.stringify(filled.map((column) => shapesOf.get(column)?.includes(shape) ?? true)),
  )
  return [...groups.values()].map((numbers) => ({
    left: filled.filter((column) => !shapesOf.get(column)?.includes(numbers[0] ?? 0)),
    shapes: numbers,
  }))
}

async function insertRows(
  session: Session,
  resolved: Resolved,
  { left, shapes }: InsertGroup,
): Promise<number> {
  const { set, table, target, key, source } = resolved
  const columns = resolved.columns.filter((column) => !left.includes(column))
  const fillers = fillersOf(resolved)
  const fillerFor = new Map(fillers.map(({ column, sql }) => [column, sql]))
  const others = fillers.filter(({ column }) => !columns.includes(column))
  const names = [...columns, ...others.map(({ column }) => column)].map(({ name }) =>
    quoteIdentifier(name),
  )
  const values = [
    ...columns.map((column) => {
      const [given, filler] = [isGiven(resolved, column), fillerFor.get(column)]
      const value = givenOf(resolved, column)
      return given !== undefined && filler !== undefined
        ? `CASE WHEN ${given} THEN ${value} ELSE ${filler} END`
        : value
    }),
    ...others.map(({ sql }) => sql),
  ]
  const overriding = columns.some(({ always }) => always) ? ' OVERRIDING SYSTEM VALUE' : ''
  const ofGroup = shapes ? ` AND r.g IN (${shapes.join(', ')})` : ''
  const sql = `INSERT INTO ${target.id} AS t (${names.join(', ')})${overriding}
    SELECT ${values.join(', ')} FROM ${source}
    WHERE NOT EXISTS (SELECT FROM ${target.id} t WHERE ${sameKey(resolved)})${ofGroup}${inOrder(target, columns)}`
  if (table.mode !== 'own') return (await session.queryRaw(sql)).affected
  const { affected } = await session.queryRaw(
    `WITH slipway_added AS (${sql} RETURNING ${keyJson({ key, names: resolved.names }, 't')} AS key)
     INSERT INTO ${session.ledger}.seed_row (history_schema, seed, relation, key)
     SELECT ${historySchema(session)}, ${quoteLiteral(set.name)}, ${relationOf(session, target)}, added.key FROM slipway_added AS added
     ON CONFLICT (history_schema, seed, relation, key) DO UPDATE SET key = EXCLUDED.key`,
  )
  return affected
}

/** Orders the rows if a sequence numbers them, so that the numbers are the same in every database. */
function inOrder(target: TargetTable, columns: readonly TargetColumn[]): string {
  const counted = target.columns.some(
    (column) => column.sequence !== undefined && !columns.includes(column),
  )
  return counted ? ' ORDER BY r.n' : ''
}

interface Filler {
  readonly column: TargetColumn
  readonly sql: string
}

/** The values for columns without a default that some or all rows omit. */
function fillersOf(resolved: Resolved): Filler[] {
  const { target, columns, later, key, shapesOf } = resolved
  const given = new Set([...columns, ...later])
  return target.columns.flatMap((column): Filler[] => {
    const isWhole = given.has(column) && !shapesOf.has(column)
    if (isWhole || column.hasDefault || column.generated) return []
    const sql = fillerOf(
      target,
      column,
      key.map((one) => givenOf(resolved, one)),
    )
    return sql === undefined ? [] : [{ column, sql }]
  })
}

/** Refuses rows without a required value before the server does, whose error does not identify the row. */
async function refuseMissingValues(session: Session, resolved: Resolved): Promise<void> {
  const { set, target, columns, source } = resolved
  const filled = new Set(fillersOf(resolved).map(({ column }) => column))
  const required = target.columns.filter(
    (column) => column.notNull && !column.generated && !filled.has(column),
  )
  const isNew = `NOT EXISTS (SELECT FROM ${target.id} t WHERE ${sameKey(resolved)})`
  // New rows need a column without a default; existing rows keep their value.
  const lacks = required.flatMap((column) => {
    if (!columns.includes(column)) return column.hasDefault ? [] : [{ column, sql: isNew }]
    const [given, isNull] = [isGiven(resolved, column), `${givenOf(resolved, column)} IS NULL`]
    if (given === undefined) return [{ column, sql: isNull }]
    const left = column.hasDefault ? [] : [`NOT ${given} AND ${isNew}`]
    return [{ column, sql: [`${given} AND ${isNull}`, ...left].join(' OR ') }]
  })
  if (lacks.length === 0) return
  const cases = lacks.map(({ column, sql }) => `WHEN ${sql} THEN ${quoteLiteral(column.name)}`)
  const [row] = await session.query<{ n: string; name: string }>(
    `SELECT r.n, CASE ${cases.join(' ')} END AS name FROM ${source} WHERE ${lacks.map(({ sql }) => `(${sql})`).join(' OR ')} ORDER BY r.n LIMIT 1`,
  )
  if (row === undefined) return
  const lacking = required.find(({ name }) => name === row.name)
  if (lacking && !columns.includes(lacking)) return refuseLacking(resolved, lacking)
  raise('SEEDS.ROW_INVALID', {
    message: `Row ${row.n} of ${resolved.table.name} in ${set.name} has no ${row.name}, which ${target.name} requires.`,
    why: 'The column is NOT NULL.',
    nextActions: [advice('Nothing was written. Give the row a value and run the seeds again.')],
    where: await placeOfRow(set, resolved.table, Number(row.n)),
  })
}

/** Refuses another value for an existing row's identity column that the server always generates. */
async function refuseOtherIdentity(session: Session, resolved: Resolved): Promise<void> {
  const { set, table, target, source, columns, key } = resolved
  const identity = columns.find((column) => column.always && !key.includes(column))
  if (identity === undefined) return
  const [row] = await session.query<{ n: string }>(
    `SELECT r.n FROM ${source} JOIN ${target.id} t ON ${sameKey(resolved)} WHERE ${differs(resolved, identity)} ORDER BY r.n LIMIT 1`,
  )
  if (row === undefined) return
  raise('SEEDS.ROW_INVALID', {
    message: `Row ${row.n} of ${table.name} in ${set.name} gives ${identity.name} another value than the existing row has.`,
    why: `${target.name}.${identity.name} is GENERATED ALWAYS AS IDENTITY: the server does not change it.`,
    nextActions: [
      advice(`Nothing was written. Omit ${identity.name}, or give the existing value.`),
    ],
    where: await placeOfRow(set, table, Number(row.n)),
  })
}

/** Refuses a required column that no row has. */
function refuseLacking({ set, table, target, later }: Resolved, lacking: TargetColumn): never {
  return raise('SEEDS.ROW_INVALID', {
    message: `Rows of ${table.name} in ${set.name} have no ${lacking.name}, which ${target.name} requires.`,
    why: later.includes(lacking)
      ? 'It refers to rows that do not exist yet, so it cannot be required.'
      : 'The column is NOT NULL and has no default.',
    nextActions: [advice(`Give each row a ${lacking.name}, or the column a default.`)],
    where: { file: set.file },
  })
}

/** The assignments of an UPDATE; a column that a row omits keeps its value. */
function assigned(resolved: Resolved, columns: readonly TargetColumn[]): string[] {
  return columns.map((column) => {
    const [given, value] = [isGiven(resolved, column), givenOf(resolved, column)]
    const kept = given && `CASE WHEN ${given} THEN ${value} ELSE ${storedOf(column)} END`
    return `${quoteIdentifier(column.name)} = ${kept ?? value}`
  })
}

function refuse(error: unknown, { set, table, target }: Resolved): never {
  const failure = failureOf(error)
  const { server } = failure ?? {}
  if (!failure || !server?.sqlstate.startsWith('23')) throw error
  return raise('SEEDS.ROW_INVALID', {
    message: `Rows of ${table.name} in ${set.name} are not valid for ${target.name}.`,
    why: `${server.message}.`,
    nextActions: [advice('None of the set was written. Correct its rows and run the seeds again.')],
    where: { file: set.file },
    server,
    cause: error,
  })
}
