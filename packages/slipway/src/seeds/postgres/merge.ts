import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { historySchema } from '../../history/index.ts'
import { advice, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { ofSetAndTable, relationOf } from '../ledger.ts'
import { type Resolved, sameKey } from '../resolve.ts'
import type { RowChange } from '../row-change.ts'
import { fillerOf, type TargetColumn } from '../target-tables.ts'
import { placeOfRow } from './stage.ts'

/** What a merge did to a table, or would do. */
export interface TableCounts {
  /** As the set names it. */
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  /** Of a dry run: the first rows that would change, by their natural keys. */
  readonly rows?: readonly RowChange[]
}

/** Makes the rows of a table those of the seed, as its owner mode says: one UPDATE and one INSERT. */
export async function merge(session: Session, resolved: Resolved): Promise<TableCounts> {
  const { table, rows } = resolved
  await refuseMissingValues(session, resolved)
  try {
    const updated = table.mode === 'insert-missing' ? 0 : await update(session, resolved)
    const inserted = await insert(session, resolved)
    if (inserted > 0) await setSequences(session, resolved.target)
    return {
      table: table.name,
      inserted,
      updated,
      deleted: 0,
      unchanged: rows - inserted - updated,
    }
  } catch (error) {
    return refuse(error, resolved)
  }
}

/** Sets the columns that had to wait until the rows they refer to were there; gives how many rows changed. */
export async function fillLater(
  session: Session,
  resolved: Resolved,
  later: readonly TargetColumn[],
): Promise<number> {
  const changed = distinct(later)
  const { affected } = await session.queryRaw(
    `UPDATE ${resolved.target.id} t SET ${assigned(later).join(', ')} FROM ${resolved.source} WHERE ${sameKey(resolved)} AND (${changed})`,
  )
  return affected
}

/** The first of the rows that the set once put there and no longer has. */
export async function ownedChanges(session: Session, resolved: Resolved): Promise<RowChange[]> {
  const { table, target, key, set, source } = resolved
  if (table.key.some((field) => table.sensitive.includes(field))) return []
  const names = key.map(({ name }) => `r.${quoteIdentifier(name)}::text`).join(', ')
  const pairs = table.key.map((field, at) => `${quoteLiteral(field)}, o.key ->> ${at}`).join(', ')
  return await session.query<RowChange>(
    `SELECT 'delete' AS kind, jsonb_build_object(${pairs}) AS key, '[]'::jsonb AS columns FROM ${session.ledger}.seed_row o
     WHERE ${ofSetAndTable(session, set, target)}
       AND NOT EXISTS (SELECT FROM ${source} WHERE jsonb_build_array(${names}) = o.key) ORDER BY o.key LIMIT 50`,
  )
}

/** Deletes rows that the set once put there and no longer has; gives how many there were. */
export async function removeOwned(session: Session, resolved: Resolved): Promise<number> {
  const { set, target, key, source } = resolved
  const names = (alias: string) =>
    key.map(({ name }) => `${alias}.${quoteIdentifier(name)}::text`).join(', ')
  const { affected } = await session.queryRaw(
    `WITH gone AS (
       DELETE FROM ${session.ledger}.seed_row o WHERE ${ofSetAndTable(session, set, target)}
         AND NOT EXISTS (SELECT FROM ${source} WHERE jsonb_build_array(${names('r')}) = o.key)
       RETURNING o.key)
     DELETE FROM ${target.id} t USING gone WHERE jsonb_build_array(${names('t')}) = gone.key`,
  )
  return affected
}

async function update(session: Session, resolved: Resolved): Promise<number> {
  const { target, columns, key, source } = resolved
  const values = columns.filter((column) => !key.includes(column))
  if (values.length === 0) return 0
  const touched = target.columns.find(
    (column) =>
      !columns.includes(column) &&
      target.model?.members.some(
        ({ mapped, filled }) => mapped === column.name && filled === 'updatedAt',
      ),
  )
  const set = [
    ...assigned(values),
    ...(touched ? [`${quoteIdentifier(touched.name)} = now()`] : []),
  ]
  const { affected } = await session.queryRaw(
    `UPDATE ${target.id} t SET ${set.join(', ')} FROM ${source} WHERE ${sameKey(resolved)} AND (${distinct(values)})`,
  )
  return affected
}

async function insert(session: Session, resolved: Resolved): Promise<number> {
  const { set, table, target, columns, key, source } = resolved
  const fillers = fillersOf(resolved)
  const names = [...columns, ...fillers.map(({ column }) => column)].map(({ name }) =>
    quoteIdentifier(name),
  )
  const values = [
    ...columns.map(({ name }) => `r.${quoteIdentifier(name)}`),
    ...fillers.map(({ sql }) => sql),
  ]
  const overriding = columns.some(({ always }) => always) ? ' OVERRIDING SYSTEM VALUE' : ''
  const sql = `INSERT INTO ${target.id} (${names.join(', ')})${overriding}
    SELECT ${values.join(', ')} FROM ${source}
    WHERE NOT EXISTS (SELECT FROM ${target.id} t WHERE ${sameKey(resolved)})${inOrder(resolved)}`
  if (table.mode !== 'own') return (await session.queryRaw(sql)).affected
  const own = key.map(({ name }) => quoteIdentifier(name))
  const { affected } = await session.queryRaw(
    `WITH added AS (${sql} RETURNING ${own.join(', ')})
     INSERT INTO ${session.ledger}.seed_row (history_schema, seed, relation, key)
     SELECT ${historySchema(session)}, ${quoteLiteral(set.name)}, ${relationOf(session, target)}, jsonb_build_array(${own.map((name) => `${name}::text`).join(', ')}) FROM added
     ON CONFLICT (history_schema, seed, relation, key) DO UPDATE SET key = EXCLUDED.key`,
  )
  return affected
}

/** Where a sequence counts the rows, they are counted in their order: the same everywhere. */
function inOrder({ target, columns }: Resolved): string {
  const counted = target.columns.some(
    (column) => column.sequence !== undefined && !columns.includes(column),
  )
  return counted ? ' ORDER BY r.n' : ''
}

interface Filler {
  readonly column: TargetColumn
  readonly sql: string
}

function fillersOf({ target, columns, later, key }: Resolved): Filler[] {
  const given = new Set([...columns, ...later])
  return target.columns.flatMap((column): Filler[] => {
    if (given.has(column) || column.hasDefault || column.generated) return []
    const sql = fillerOf(
      target,
      column,
      key.map(({ name }) => name),
    )
    return sql === undefined ? [] : [{ column, sql }]
  })
}

/** Before the server stops at a row that it does not name. */
async function refuseMissingValues(session: Session, resolved: Resolved): Promise<void> {
  const { set, table, target, columns, source } = resolved
  const filled = new Set(fillersOf(resolved).map(({ column }) => column))
  const lacking = target.columns.find(
    (column) =>
      column.notNull &&
      !column.hasDefault &&
      !column.generated &&
      !columns.includes(column) &&
      !filled.has(column),
  )
  if (lacking) {
    raise('SEEDS.ROW_INVALID', {
      message: `Rows of ${table.name} in ${set.name} give no ${lacking.name}, which ${target.name} requires.`,
      why: resolved.later.includes(lacking)
        ? 'It refers to rows that do not exist yet, so it cannot be required.'
        : 'The column is NOT NULL and has no default.',
      nextActions: [advice(`Give each row a ${lacking.name}, or the column a default.`)],
      where: { file: set.file },
    })
  }
  const required = columns.filter(({ notNull }) => notNull)
  if (required.length === 0) return
  const [row] = await session.query<{ n: string; name: string }>(
    `SELECT r.n, CASE ${required.map(({ name }) => `WHEN r.${quoteIdentifier(name)} IS NULL THEN ${quoteLiteral(name)}`).join(' ')} END AS name
     FROM ${source} WHERE ${required.map(({ name }) => `r.${quoteIdentifier(name)} IS NULL`).join(' OR ')} ORDER BY r.n LIMIT 1`,
  )
  if (row === undefined) return
  raise('SEEDS.ROW_INVALID', {
    message: `Row ${row.n} of ${table.name} in ${set.name} has no ${row.name}, which ${target.name} requires.`,
    why: 'The column is NOT NULL.',
    nextActions: [advice('Nothing was written. Give the row a value and run the seeds again.')],
    where: await placeOfRow(set, table, Number(row.n)),
  })
}

function assigned(columns: readonly TargetColumn[]): string[] {
  return columns.map(({ name }) => `${quoteIdentifier(name)} = r.${quoteIdentifier(name)}`)
}

/** SQL that is true where a row of the target, `t`, differs from that of the seed, `r`. */
export function distinct(columns: readonly TargetColumn[]): string {
  return columns
    .map(({ name, comparable }) => {
      const [stored, given] = [`t.${quoteIdentifier(name)}`, `r.${quoteIdentifier(name)}`]
      return comparable
        ? `${stored} IS DISTINCT FROM ${given}`
        : `${stored}::text IS DISTINCT FROM ${given}::text`
    })
    .join(' OR ')
}

/** Moves a sequence past the values that rows contain. */
export async function setSequences(
  session: Session,
  { id, columns }: Resolved['target'],
): Promise<void> {
  for (const { name, sequence } of columns) {
    if (sequence === undefined) continue
    await session.query(
      `SELECT setval(${quoteLiteral(sequence)}, highest) FROM (SELECT max(${quoteIdentifier(name)}) AS highest FROM ${id}) AS m
       WHERE highest > (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM ${sequence})`,
    )
  }
}

function refuse(error: unknown, { set, table, target }: Resolved): never {
  const failure = failureOf(error)
  const { server } = failure ?? {}
  if (!failure || !server?.sqlstate.startsWith('23')) throw error
  return raise('SEEDS.ROW_INVALID', {
    message: `Rows of ${table.name} in ${set.name} do not fit ${target.name}.`,
    why: `${server.message}.`,
    nextActions: [
      advice('Nothing of the set was written. Correct its rows and run the seeds again.'),
    ],
    where: { file: set.file },
    server,
    cause: error,
  })
}
