import type { Session } from '../../database/index.ts'
import { attempt, rethrow } from '../../kernel/index.ts'
import type { TextKind } from '../data-file.ts'
import type { Selection } from '../selection.ts'
import type { SeedRow } from '../set.ts'
import type { TargetColumn } from '../target-tables.ts'
import { kindOf, timeText } from './literals.ts'

/**
 * Runs `work` on one snapshot of a file. Cloudflare D1's API has no snapshots: there, each query reads its
 * own.
 */
export async function withSqliteSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  if (session.kind !== 'sqlite') return await work()
  await session.execute('BEGIN')
  const done = await attempt(work).catch(async (error: unknown) => {
    await session.execute('ROLLBACK')
    throw error
  })
  await attempt(() => session.execute('ROLLBACK'))
  return done.ok ? done.value : rethrow(done.failure)
}

/**
 * The rows of a selection, ordered by their first `keys` fields; values are in the text form of data files.
 * All rows are read in one query and held in memory.
 */
export async function* readSqliteRows(
  session: Session,
  { fields, values, from }: Selection,
  keys: number,
): AsyncGenerator<SeedRow> {
  const order = values.slice(0, keys).map((value) => `${value} COLLATE BINARY`)
  const { rows } = await session.queryRaw(
    `SELECT ${values.map((value, at) => `${value} AS f${at}`).join(', ')} ${from} ORDER BY ${order.join(', ')}`,
  )
  for (const row of rows) {
    yield Object.fromEntries(
      fields.map(({ field, column }, at) => [field, textOf(row[at] ?? null, column)]),
    )
  }
}

function textOf(text: string | null, column: TargetColumn): string | null {
  if (text === null) return null
  switch (kindOf(column)) {
    case 'boolean':
      return text === '0' ? 'f' : 't'
    case 'bytes':
      return `\\x${text}`
    case 'time':
      return /^-?\d+$/.test(text) ? timeText(new Date(Number(text))) : text
    default:
      return text
  }
}

/** How the text form of a column is written to a data file. */
export function sqliteTextKind(column: TargetColumn): TextKind {
  switch (kindOf(column)) {
    case 'boolean':
      return 'boolean'
    case 'document':
      return 'document'
    case 'integer':
    case 'float':
    case 'decimal':
      return 'number'
    default:
      return 'text'
  }
}
