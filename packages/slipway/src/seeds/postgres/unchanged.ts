import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { historySchema } from '../../history/index.ts'
import { ofSetAndTable, relationOf } from '../ledger.ts'
import type { StageOptions } from '../row-source.ts'
import type { SeedSet } from '../set.ts'
import type { TargetTable } from '../target-tables.ts'
import { type Content, readContent } from './stage.ts'

// For a table that contains exactly the rows of a seed, the ledger stores two checksums: one of the rows as
// sent, and one of the resulting table. If neither has changed, nothing is sent; comparing takes a fraction
// of the time of a merge.

/**
 * The number of rows if neither the table nor the rows of the set changed since the last run; undefined if
 * they did.
 */
export async function unchangedRowCount(
  session: Session,
  options: StageOptions,
): Promise<number | undefined> {
  const { set, target } = options
  const [known] = await session.query<{
    content: string
    columns: readonly string[]
    rows: string
    sum: string
  }>(
    `SELECT content, columns, rows, sum FROM ${session.ledger}.seed_table
     WHERE ${ofSetAndTable(session, set, target)}`,
  )
  if (known === undefined) return undefined
  const { columns } = known
  const existing = target.columns.map(({ name }) => name)
  if (!columns.every((name) => existing.includes(name))) return undefined
  const [now] = await session.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${target.id}`)
  if (now?.rows !== known.rows) return undefined
  const content = await readContent(options)
  const same = content?.checksum === known.content && content.columns.join() === columns.join()
  if (!same || (await sumOf(session, target, columns)) !== known.sum) return undefined
  return Number(known.rows)
}

interface Sent {
  readonly target: TargetTable
  readonly content: Content
  /** Whether the table was empty before, so that its rows need not be counted. */
  readonly wasEmpty: boolean
}

/**
 * Stores the checksums of a table that contains exactly the rows that were sent; deletes those of any other
 * table.
 */
export async function storeChecksums(
  session: Session,
  set: SeedSet,
  { target, content, wasEmpty }: Sent,
): Promise<void> {
  const place = ofSetAndTable(session, set, target)
  const holds = async () => {
    const [now] = await session.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${target.id}`)
    return Number(now?.rows) === content.rows
  }
  if (content.rows === 0 || !(wasEmpty || (await holds()))) {
    await session.execute(`DELETE FROM ${session.ledger}.seed_table WHERE ${place}`)
    return
  }
  const sum = await sumOf(session, target, content.columns)
  const columns = `ARRAY[${content.columns.map(quoteLiteral).join(', ')}]`
  await session.execute(
    `INSERT INTO ${session.ledger}.seed_table (history_schema, seed, relation, content, columns, rows, sum)
     VALUES (${historySchema(session)}, ${quoteLiteral(set.name)}, ${relationOf(session, target)}, ${quoteLiteral(content.checksum)}, ${columns}, ${content.rows}, ${sum})
     ON CONFLICT (history_schema, seed, relation) DO UPDATE SET content = EXCLUDED.content, columns = EXCLUDED.columns, rows = EXCLUDED.rows, sum = EXCLUDED.sum
     WHERE (seed_table.content, seed_table.columns, seed_table.rows, seed_table.sum) IS DISTINCT FROM (EXCLUDED.content, EXCLUDED.columns, EXCLUDED.rows, EXCLUDED.sum)`,
  )
}

async function sumOf(
  session: Session,
  { id }: TargetTable,
  columns: readonly string[],
): Promise<string> {
  const row = `ROW(${columns.map((name) => `t.${quoteIdentifier(name)}`).join(', ')})`
  const [found] = await session.query<{ sum: string }>(
    `SELECT coalesce(sum(hashtextextended(${row}::text, 0)::numeric), 0)::text AS sum FROM ${id} t`,
  )
  return found?.sum ?? '0'
}
