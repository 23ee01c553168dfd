import type { Session } from '../../database/index.ts'
import { attempt, rethrow } from '../../kernel/index.ts'
import type { TextKind } from '../data-file.ts'
import type { Selection } from '../selection.ts'
import type { SeedRow } from '../set.ts'
import type { TargetColumn } from '../target-tables.ts'

/** Settings for the transaction, so that the text form of values does not depend on the server or role. */
const SAME_TEXT = `SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;\n`

const ROWS_A_FETCH = 1000

/** Runs `work` on one snapshot of a database, in a read-only transaction. */
export async function withSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.execute(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n${SAME_TEXT}`)
  const done = await attempt(work).catch(async (error: unknown) => {
    await session.execute('ROLLBACK')
    throw error
  })
  await attempt(() => session.execute('ROLLBACK'))
  return done.ok ? done.value : rethrow(done.failure)
}

/** Orders rows by their first fields, independent of the collation. */
function orderOf({ fields, values }: Selection, keys: number): string {
  const sorted = values.slice(0, keys).map((value, at) => {
    const type = fields[at]?.column.type ?? ''
    return BY_VALUE.test(type) ? value : `${value}::text COLLATE "C"`
  })
  return sorted.join(', ')
}

const BY_VALUE =
  /^(?:smallint|integer|bigint|numeric|real|double|date|time|uuid|boolean|bytea|inet)/

/**
 * Streams the rows of a selection in the order of their first `keys` fields; values are in the server's text
 * form. Must run in `withSnapshot`, one at a time.
 */
export async function* readPostgresRows(
  session: Session,
  selection: Selection,
  keys: number,
): AsyncGenerator<SeedRow> {
  const { fields, values, from } = selection
  await session.execute(
    `DECLARE slipway_rows NO SCROLL CURSOR FOR SELECT ${values.join(', ')} ${from} ORDER BY ${orderOf(selection, keys)}`,
  )
  for (;;) {
    const { rows } = await session.queryRaw(`FETCH ${ROWS_A_FETCH} FROM slipway_rows`)
    for (const row of rows) {
      yield Object.fromEntries(fields.map(({ field }, at) => [field, row[at] ?? null]))
    }
    if (rows.length < ROWS_A_FETCH) break
  }
  await session.execute('CLOSE slipway_rows')
}

const NUMBER = /^(?:smallint|integer|bigint|real|double precision|numeric)/

/** How the server's text form of a column is written to a data file. */
export function postgresTextKind({ base }: TargetColumn): TextKind {
  if (base === 'boolean') return 'boolean'
  if (base === 'json' || base === 'jsonb') return 'document'
  return NUMBER.test(base) && !base.endsWith(']') ? 'number' : 'text'
}

/** Identifies a database by the start time of its server and its OID. */
export async function postgresIdentity(session: Session): Promise<string> {
  const [row] = await session.query<{ identity: string }>(
    `SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), oid) AS identity FROM pg_database WHERE datname = current_database()`,
  )
  return `${session.kind} ${row?.identity ?? ''}`
}
