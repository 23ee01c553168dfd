import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, quoteIdentifier, type Session, withSession } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import type { ScaledTable, ShapeTable } from '../../shadow/index.ts'

/** The class of a query: access to one row by its key, or a read in a transaction that stays open. */
export type QueryClass = 'read' | 'write' | 'long-read'

/** One query as measured by its client. Milliseconds, from the start of the workload. */
export interface Sample {
  readonly class: QueryClass
  readonly table: string
  readonly at: number
  readonly ms: number
  readonly failed: boolean
}

/** A running workload. */
export interface Workload {
  /** All completed queries. */
  readonly samples: readonly Sample[]
  /** Milliseconds since it started. */
  now(): number
  /** Waits until the long reader has just read, and therefore holds its locks for a while. */
  untilLongRead(): Promise<void>
}

const PAUSE_MS = 2
const FAILED_PAUSE_MS = 25
const KEYS = 500
const LONG_READ_MS = 1000
const LONG_READ_PAUSE_MS = 500
/** SQLSTATE: the column has only generated values. */
const GENERATED_ALWAYS = '428C9'

/**
 * Runs `work` concurrently with a workload: point reads and point writes on each table, each in its own
 * session, and one session that repeatedly reads all tables and keeps its transaction open for a second. No
 * row value leaves the sessions.
 */
export async function withWorkload<T>(
  address: Address,
  { tables, avoid }: { readonly tables: readonly ScaledTable[]; readonly avoid: string },
  work: (workload: Workload) => Promise<T>,
): Promise<T> {
  const began = performance.now()
  const samples: Sample[] = []
  const end = new AbortController()
  const now = () => performance.now() - began
  const longRead = new EventEmitter()
  const client = { address, stop: end.signal, samples, now }
  const running = [
    ...tables.flatMap((one) => [pointReads(client, one), pointWrites(client, one, avoid)]),
    longReads(client, tables, () => longRead.emit('read')),
  ]
  const untilLongRead = async () => void (await once(longRead, 'read'))
  // If a client fails, the work does not wait any longer.
  const broken = Promise.all(running).then(() => new Promise<never>(() => {}))
  try {
    return await Promise.race([work({ samples, now, untilLongRead }), broken])
  } finally {
    end.abort()
    await Promise.allSettled(running)
  }
}

interface Client {
  readonly address: Address
  readonly stop: AbortSignal
  readonly samples: Sample[]
  now(): number
}

async function onSession(
  { address }: Client,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  await withSession(address, { applicationName: 'slipway load' }, async (session) => {
    await session.execute(clientCheckSql(session))
    await work(session)
  })
}

/** SQL with which servers from version 14 on notice that the client is gone, even during a statement. */
export function clientCheckSql({ server }: Session): string {
  return server.versionNumber >= 140_000 ? "SET client_connection_check_interval = '500ms'" : ''
}

async function timed(
  client: Client,
  of: Pick<Sample, 'class' | 'table'>,
  query: () => Promise<unknown>,
): Promise<boolean> {
  const at = client.now()
  const { ok } = await attempt(query)
  client.samples.push({ ...of, at, ms: client.now() - at, failed: !ok })
  return ok
}

async function pointReads(client: Client, { table }: ScaledTable): Promise<void> {
  await onSession(client, async (session) => {
    const keys = await keysOf(session, table)
    const sql = `SELECT * FROM ${table.id} WHERE ${byKey(table)}`
    for (let turn = 0; !client.stop.aborted; turn++) {
      const key = keys[turn % Math.max(keys.length, 1)] ?? []
      const of = { class: 'read', table: table.id } as const
      const ok = await timed(client, of, () => session.queryRaw(sql, key))
      await pause(client, ok ? PAUSE_MS : FAILED_PAUSE_MS)
    }
  })
}

/**
 * Runs updates, and an insert in every fourth turn if the table allows one. Only inserts if no column can be
 * updated, such as an identity GENERATED ALWAYS: failures that the migration does not cause are no evidence.
 */
async function pointWrites(client: Client, scaled: ScaledTable, avoid: string): Promise<void> {
  const { table, wanted } = scaled
  await onSession(client, async (session) => {
    const keys = await keysOf(session, table)
    const written = columnForUpdates(table, avoid)
    const column = quoteIdentifier(written)
    const update = `UPDATE ${table.id} SET ${column} = ${column} WHERE ${byKey(table)}`
    const first = await attempt(() => session.queryRaw(update, keys[0] ?? []))
    // After any other failure, the next updates may succeed, and if they fail, they are counted.
    const isRefused = !first.ok && first.failure.server?.sqlstate === GENERATED_ALWAYS
    const canUpdate = written !== '' && !isRefused
    let insert = scaled.insert
    for (let turn = 0; !client.stop.aborted; turn++) {
      const key = keys[turn % Math.max(keys.length, 1)] ?? []
      const row = wanted + turn
      const inserts = insert !== undefined && (turn % 4 === 3 || !canUpdate)
      if (!inserts && !canUpdate) return
      const query = () =>
        inserts ? session.queryRaw(insert ?? '', [row, row]) : session.queryRaw(update, key)
      const ok = await timed(client, { class: 'write', table: table.id }, query)
      // A table that has changed may reject the old rows.
      if (inserts && !ok) insert = undefined
      await pause(client, ok ? PAUSE_MS : FAILED_PAUSE_MS)
    }
  })
}

async function longReads(
  client: Client,
  tables: readonly ScaledTable[],
  onRead: () => void,
): Promise<void> {
  await onSession(client, async (session) => {
    while (!client.stop.aborted) {
      await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      for (const { table } of tables) {
        if (client.stop.aborted) break
        const sql = `SELECT FROM ${table.id} LIMIT 1`
        const of = { class: 'long-read', table: table.id } as const
        if (!(await timed(client, of, () => session.queryRaw(sql)))) break
      }
      onRead()
      await pause(client, LONG_READ_MS)
      await session.execute('ROLLBACK')
      await pause(client, LONG_READ_PAUSE_MS)
    }
  })
}

async function pause({ stop }: Client, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => {})
}

/** The keys of some rows; without a primary key, their `ctid`. */
async function keysOf(session: Session, table: ShapeTable): Promise<readonly (string | null)[][]> {
  const { primaryKey, id } = table
  const columns = primaryKey.length > 0 ? primaryKey.map(quoteIdentifier).join(', ') : 'ctid'
  const { rows } = await session.queryRaw(`SELECT ${columns} FROM ${id} LIMIT ${KEYS}`)
  return rows.map((row) => [...row])
}

function byKey({ primaryKey }: ShapeTable): string {
  if (primaryKey.length === 0) return 'ctid = $1'
  return primaryKey.map((name, at) => `${quoteIdentifier(name)} = $${at + 1}`).join(' AND ')
}

/** A column to update with its own value: if possible, in no key and not named in the migration. Empty if there is none. */
function columnForUpdates(
  { columns, unique, primaryKey, references }: ShapeTable,
  avoid: string,
): string {
  const keys = new Set([...unique, ...primaryKey, ...references.flatMap((one) => one.columns)])
  const written = columns.filter(({ generated }) => !generated).map(({ name }) => name)
  const plain = written.filter((name) => !keys.has(name))
  return plain.find((name) => !avoid.includes(name)) ?? plain[0] ?? written[0] ?? ''
}
