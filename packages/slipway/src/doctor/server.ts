import { existsSync } from 'node:fs'
import {
  type Address,
  refuseTransactionPooler,
  type Session,
  withSession,
} from '../database/index.ts'
import { formatBytes, attempt, type Failure } from '../kernel/index.ts'
import type { Target } from '../project/index.ts'
import { type Check, failed, passed, skipped, warned } from './check.ts'
import { checkRights } from './postgres/rights.ts'

/** The results of the server checks, with facts that other checks need. */
export interface ServerReport {
  readonly checks: readonly Check[]
  readonly major?: number
  readonly databaseBytes?: number
}

const CLOCK_TOLERANCE_MS = 5000
const CONNECT_TIMEOUT_MS = 5000

/** Connects to the target like a deploy, and checks what a deploy needs. Writes nothing. */
export async function examineServer(target: Target, now: () => number): Promise<ServerReport> {
  const { address, direct } = target
  if (
    address.kind === 'embedded' &&
    address.dataDir !== undefined &&
    !existsSync(address.dataDir)
  ) {
    return { checks: [passed('connection', 'The embedded database will be created on first use.')] }
  }
  const report = await attempt(() => examineAddress(direct ?? address, target, now))
  if (report.ok) return report.value
  return {
    checks: [unconnected(report.failure), skipped('server', 'This check needs a connection.')],
  }
}

async function examineAddress(
  address: Address,
  target: Target,
  now: () => number,
): Promise<ServerReport> {
  const options = { applicationName: 'slipway doctor', connectTimeoutMs: CONNECT_TIMEOUT_MS }
  return await withSession(address, options, async (session) => {
    const { server } = session
    const { standby, clock, bytes, archives } = await readFacts(session, now)
    const through = address === target.direct ? ', through the direct connection' : ''
    const checks = [
      passed('connection', `The role ${server.user} can connect to ${server.database}${through}.`),
      ...(await checkPooler(session, address)),
      checkVersion(server.versionNumber, server.version),
      checkWritable(standby),
      ...(await checkRights(session, target.schemas)),
      checkClock(clock),
      passed('database size', `The database is ${formatBytes(bytes)}.`),
      checkArchive(archives),
    ]
    return { checks, major: Math.floor(server.versionNumber / 10_000), databaseBytes: bytes }
  })
}

interface Facts {
  readonly standby: boolean
  /** The server's clock minus the local clock, in ms. */
  readonly clock: number
  readonly bytes: number
  /** Whether the server archives its WAL. */
  readonly archives: boolean
}

async function readFacts(session: Session, now: () => number): Promise<Facts> {
  const before = now()
  const [row] = await session.query<{
    standby: boolean
    epoch: string
    bytes: string
    archives: boolean
  }>(`
    SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS standby,
           extract(epoch FROM clock_timestamp())::text AS epoch,
           pg_database_size(current_database())::text AS bytes,
           current_setting('archive_mode') <> 'off' AS archives`)
  const middle = (before + now()) / 2
  return {
    standby: row?.standby ?? false,
    clock: Number(row?.epoch) * 1000 - middle,
    bytes: Number(row?.bytes),
    archives: row?.archives ?? false,
  }
}

/**
 * PostgreSQL 14.0 to 14.3 can corrupt an index that is built concurrently: release notes of 14.4. For
 * versions before 13, the connection already fails.
 */
function checkVersion(number: number, version: string): Check {
  if (number < 140_000 || number > 140_003)
    return passed('server version', `PostgreSQL ${version}.`)
  return warned(
    'server version',
    `PostgreSQL ${version} can corrupt indexes that are built with CONCURRENTLY.`,
    'Update to the newest version 14, and rebuild the indexes that were built before.',
  )
}

function checkWritable(standby: boolean): Check {
  if (!standby) return passed('writable', 'The server accepts writes.')
  return failed(
    'writable',
    'The server is a read-only standby, or the role is set to read-only.',
    'Connect to the primary server.',
  )
}

function checkClock(differenceMs: number): Check {
  const seconds = (Math.abs(differenceMs) / 1000).toFixed(1)
  if (Math.abs(differenceMs) <= CLOCK_TOLERANCE_MS)
    return passed('clock', `The clock of this machine differs from the server's by ${seconds} s.`)
  const direction = differenceMs > 0 ? 'behind' : 'ahead of'
  return warned(
    'clock',
    `The clock of this machine is ${seconds} s ${direction} the server's.`,
    "Migration names contain this machine's time: synchronize its clock with NTP.",
  )
}

async function checkPooler(session: Session, address: Address): Promise<Check[]> {
  if (address.kind === 'embedded') return []
  const result = await attempt(() => refuseTransactionPooler(session, address))
  if (result.ok)
    return [passed('pooler', 'The connection does not go through a transaction pooler.')]
  const { message, why } = result.failure
  return [
    failed(
      'pooler',
      `${message} ${why ?? ''}`.trim(),
      'Set the direct connection as directUrl, or pass it with --url.',
    ),
  ]
}

/** The failed check for a server to which doctor cannot connect, with the reason and the remedy. */
export function unconnected(failure: Failure, name = nameFor(failure)): Check {
  const [next] = failure.nextActions
  const why = failure.why ? ` ${failure.why}` : ''
  return failed(
    name,
    `${failure.message}${why}`,
    fixOf(failure) ?? next?.label ?? 'Correct the connection string.',
  )
}

function nameFor({ code }: Failure): string {
  return code === 'DATABASE.TOO_OLD' ? 'server version' : 'connection'
}

function fixOf({ code }: Failure): string | undefined {
  switch (code) {
    case 'DATABASE.UNREACHABLE':
      return 'Start the server, or correct host and port of the connection string.'
    case 'DATABASE.AUTHENTICATION':
      return 'Correct user and password of the connection string; percent-encode special characters.'
    case 'DATABASE.NOT_FOUND':
      return 'Correct the name of the database, or create it: Slipway does not create it.'
    case 'DATABASE.EMBEDDED_IN_USE':
      return 'Wait for the other command to end.'
    default:
      return undefined
  }
}

/** Never a warning, because a provider can archive WAL in a way that the server does not show. */
function checkArchive(archives: boolean): Check {
  return passed(
    'point-in-time recovery',
    archives
      ? 'The server archives its WAL (archive_mode).'
      : 'The server does not archive WAL (archive_mode is off). Unless your provider archives it in another way, you can restore only to the time of a backup.',
  )
}
