import {
  D1_TEXT_BYTES,
  d1Bookmark,
  d1Bytes,
  d1Snapshot,
  quoteIdentifier,
  type RemoteD1,
  type Session,
  type SessionOptions,
  withSession,
} from '../../database/index.ts'
import { advice, attempt, type Emit, rethrow } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { progressOf } from '../progress.ts'
import { definitionText } from './dump-text.ts'
import { DEFINITIONS, type DumpedObjects, type DumpedTable, readObjects } from './objects.ts'
import { allRowsSql, insertedColumns, mayHaveLost, pagesOf } from './remote-rows.ts'
import { inThrowAway } from './throw-away-file.ts'

/** Options for copying a remote database. */
export interface CopyWork {
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** The maximum number of attempts to copy despite concurrent writes. */
const TRIES = 3

/**
 * Copies a D1 database into a throw-away database, so that the rest of a backup works as for a file. Reads it
 * with queries instead of D1's export, which writes 1.0 as 1, rounds large integers, changes some strings,
 * and rejects databases with virtual tables. The copy is consistent: a small database is read in one
 * transaction, and the copy of a larger one counts only if its bookmark did not change. Fails with
 * BACKUP.CHANGED_MEANWHILE.
 */
export async function withCopy<T>(
  address: RemoteD1,
  { signal, emit }: CopyWork,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await withSession(address, remoteOptions(emit), async (remote) => {
    for (let tries = 0; tries < TRIES; tries++) {
      signal.throwIfAborted()
      const bytes = await d1Bytes(address)
      const place = { bytes: bytes ?? Number.POSITIVE_INFINITY, d1: address.d1 }
      const done = await inThrowAway(place, async (session) => {
        const onBytes = progressOf(emit, `copy ${address.d1.name}`, bytes ?? 0)
        const isCopied = await copyState({ address, remote, signal, onBytes, bytes }, session)
        return isCopied ? { value: await work(session) } : undefined
      })
      if (done) return done.value
    }
    return raise('BACKUP.CHANGED_MEANWHILE', {
      message: `The database ${address.d1.name} was not copied: other clients wrote to it during each attempt.`,
      why: `It is too large to be read in one transaction, and Slipway read it ${TRIES} times.`,
      nextActions: [advice('Try again when there are fewer writes, for example at night.')],
    })
  })
}

/** Session options for a remote database, with notices when it waits. */
export function remoteOptions(emit: Emit): SessionOptions {
  const onNotice = (message: string) => emit({ kind: 'notice', message })
  return { applicationName: 'slipway backup', onNotice }
}

interface Source {
  readonly address: RemoteD1
  readonly remote: Session
  readonly signal: AbortSignal
  readonly onBytes: (bytes: number) => void
  readonly bytes: number | undefined
}

/** Copies one state of a database. Returns false if others wrote at the same time. */
async function copyState(source: Source, to: Session): Promise<boolean> {
  const { address, remote, bytes } = source
  if (bytes !== undefined && bytes <= SNAPSHOT_BYTES) {
    const objects = await readObjects(remote)
    const lines = await readInOneTransaction(source, objects)
    if (lines === 'changed') return false
    if (lines !== 'too-large') {
      await writeCopy(source, { to, objects, lines })
      return true
    }
  }
  const before = await d1Bookmark(address)
  const copied = await attempt(async () => {
    const objects = await readObjects(remote)
    await writeCopy(source, { to, objects, lines: (table) => pagesOf(remote, table) })
  })
  // Rows from different states may violate a key, and a table may have been dropped.
  if (!copied.ok && copied.failure.code !== 'DATABASE.STATEMENT') rethrow(copied.failure)
  if ((await d1Bookmark(address)) !== before) return false
  return copied.ok || rethrow(copied.failure)
}

/** Up to this size in bytes, all rows are read in one call. */
const SNAPSHOT_BYTES = 8 * 2 ** 20

type Lines = (table: DumpedTable) => AsyncGenerator<readonly string[]>

/** Reads all rows in one transaction, in which the definitions must still be those read before. */
async function readInOneTransaction(
  { address }: Source,
  objects: DumpedObjects,
): Promise<Lines | 'changed' | 'too-large'> {
  const { definitions } = objects
  const tables = [...objects.tables, ...ownTables(objects)]
  const hexadecimal = new Set<DumpedTable>()
  for (;;) {
    const queries = tables.map((table) =>
      allRowsSql(table, { hexadecimal: hexadecimal.has(table) }),
    )
    const all = [DEFINITIONS, ...queries]
    if (Buffer.byteLength(all.join(';\n')) > D1_TEXT_BYTES) return 'too-large'
    const answer = await attempt(() => d1Snapshot(address, all))
    if (!answer.ok) {
      const { failure } = answer
      // The database may have grown, or a table may be gone; reading page by page handles both.
      return failure.code === 'DATABASE.STATEMENT' ? 'too-large' : rethrow(failure)
    }
    const [found = [], ...rows] = answer.value
    const read = definitions.map(({ type, name, sql, virtual }) => [type, name, sql, +virtual])
    if (JSON.stringify(found) !== JSON.stringify(read)) return 'changed'
    const lines = new Map(
      tables.map((table, at) => [table, (rows[at] ?? []).map(([line]) => String(line))]),
    )
    const lossy = tables.filter(
      (table) => !hexadecimal.has(table) && lines.get(table)?.some(mayHaveLost),
    )
    if (lossy.length === 0)
      return async function* given(table) {
        yield lines.get(table) ?? []
      }
    for (const table of lossy) hexadecimal.add(table)
  }
}

const SEQUENCES: DumpedTable = {
  name: 'sqlite_sequence',
  columns: ['name', 'seq'],
  sortedBy: ['rowid'],
}
const STATISTICS: DumpedTable = {
  name: 'sqlite_stat1',
  columns: ['tbl', 'idx', 'stat'],
  sortedBy: ['rowid'],
}

/** SQLite's own tables, whose rows are copied too. */
function ownTables({ hasSequences, hasStatistics }: DumpedObjects): DumpedTable[] {
  return [...(hasSequences ? [SEQUENCES] : []), ...(hasStatistics ? [STATISTICS] : [])]
}

interface Written {
  readonly to: Session
  readonly objects: DumpedObjects
  readonly lines: Lines
}

/**
 * Writes a copy like a restored dump: with foreign keys and CHECK constraints disabled, and triggers last.
 */
async function writeCopy(source: Source, written: Written): Promise<void> {
  const { to, objects } = written
  const { definitions, tables } = objects
  await to.execute('PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; BEGIN')
  const isTable = ({ type }: DumpedObjects['definitions'][number]) => type === 'table'
  await to.execute(definitions.filter(isTable).map(definitionText).join(''))
  const writer = rowWriter(source, written)
  for (const table of tables) await writer(table)
  if (objects.hasSequences) {
    await to.execute(`CREATE TABLE _slipway_sequence (id INTEGER PRIMARY KEY AUTOINCREMENT);
      DROP TABLE _slipway_sequence; DELETE FROM sqlite_sequence`)
    await writer(SEQUENCES)
  }
  if (objects.hasStatistics) {
    await to.execute('ANALYZE sqlite_schema; DELETE FROM sqlite_stat1')
    await writer(STATISTICS)
  }
  const others = definitions.filter((one) => !isTable(one))
  await to.execute(others.map(definitionText).join(''))
  await to.execute('COMMIT; PRAGMA writable_schema=RESET')
  await to.execute('PRAGMA ignore_check_constraints=OFF; PRAGMA foreign_keys=ON')
}

/** The approximate length of one INSERT of a copy, in characters. */
const STATEMENT = 1 << 19

function rowWriter(
  { signal, onBytes }: Source,
  { to, lines }: Written,
): (table: DumpedTable) => Promise<void> {
  let read = 0
  return async (table) => {
    const head = `INSERT INTO ${quoteIdentifier(table.name)} (${insertedColumns(table).join(', ')}) VALUES `
    const insert = async (rows: readonly string[]) => {
      if (rows.length > 0) await to.execute(head + rows.map((row) => `(${row})`).join(','))
    }
    for await (const page of lines(table)) {
      signal.throwIfAborted()
      let held: string[] = []
      let length = 0
      for (const row of page) {
        held.push(row)
        length += row.length
        read += row.length
        if (length < STATEMENT) continue
        await insert(held)
        held = []
        length = 0
      }
      await insert(held)
      onBytes(read)
    }
  }
}
