import { type Address, type Session, withSession } from '../database/index.ts'
import { newerLedgerNotice } from '../history/index.ts'
import { attempt, command, type Failure, rethrow } from '../kernel/index.ts'
import { scopeOf } from '../schema/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import { raise } from './failures.ts'
import type {
  CheckName,
  CheckStatus,
  Metric,
  HealthFinding,
  Probe,
  CheckReading,
  TopStatements,
} from './finding.ts'
import { checkForeignKeys } from './postgres/foreign-keys.ts'
import {
  checkDuplicateIndexes,
  checkInvalidIndexes,
  checkUnusedIndexes,
} from './postgres/indexes.ts'
import { checkSequences, checkWraparound } from './postgres/limits.ts'
import { checkBackup, checkReplication } from './postgres/replication.ts'
import { checkBlocked, checkConnections, checkTransactions } from './postgres/sessions.ts'
import { checkStatements, OWN_MARK } from './postgres/statements.ts'
import { checkBloat, checkCache, checkVacuum } from './postgres/tables.ts'
import { THRESHOLDS, type Thresholds } from './thresholds.ts'

/** The input of an inspection. */
export interface InspectRequest {
  readonly address: Address
  readonly migrations: readonly MigrationFile[]
  /** The schemas that the datasource lists. */
  readonly schemas?: readonly string[] | undefined
  /** The time of Slipway's last backup of this environment; absent if unknown. */
  readonly lastBackup?: string | undefined
  /** The time limit of the whole inspection, in ms. Checks that did not finish are reported. */
  readonly deadlineMs: number
  /** Override the default thresholds. */
  readonly thresholds?: Partial<Thresholds> | undefined
}

/** The result of an inspection. */
export interface Inspection {
  readonly database: string
  readonly checks: readonly CheckStatus[]
  readonly findings: readonly HealthFinding[]
  readonly statements: TopStatements | null
  readonly figures: readonly Metric[]
  /** That a newer version of Slipway wrote the ledger, as a sentence; null otherwise. */
  readonly newerLedger: string | null
}

/** In reading order: the most urgent first. */
const CHECKS: readonly (readonly [CheckName, (probe: Probe) => Promise<CheckReading>])[] = [
  ['blocked sessions', checkBlocked],
  ['transactions', checkTransactions],
  ['connections', checkConnections],
  ['wraparound', checkWraparound],
  ['sequences', checkSequences],
  ['replication', checkReplication],
  ['last backup', checkBackup],
  ['statements', checkStatements],
  ['foreign keys', checkForeignKeys],
  ['invalid indexes', checkInvalidIndexes],
  ['duplicate indexes', checkDuplicateIndexes],
  ['unused indexes', checkUnusedIndexes],
  ['vacuum', checkVacuum],
  ['bloat', checkBloat],
  ['cache', checkCache],
]

const CONNECT_TIMEOUT_MS = 5000
/** The limit of each statement of a check. Reading the catalogs of ten thousand tables takes a fraction of it. */
const STATEMENT_TIMEOUT_MS = 5000
const LOCK_TIMEOUT_MS = 200

/**
 * Examines the health of a target from its catalogs and statistics, in read-only transactions, with a time
 * limit for each statement and for the whole. Reads no table rows. If a check cannot read something, it
 * reports why, and the others continue. Fails with INSPECT.NOTHING_READ if no check could read anything.
 */
export async function inspectPostgres(request: InspectRequest): Promise<Inspection> {
  const options = { applicationName: 'slipway inspect', connectTimeoutMs: CONNECT_TIMEOUT_MS }
  return await withSession(request.address, options, (session) => inspectSession(session, request))
}

async function inspectSession(session: Session, request: InspectRequest): Promise<Inspection> {
  const deadline = performance.now() + request.deadlineMs
  const prepared = await readOnly(session, deadline, async () => ({
    probe: await prepare(session, request),
    newerLedger: (await newerLedgerNotice(session)) ?? null,
  }))
  if (!prepared.ok) return raiseNothingRead(prepared.failure)
  const { probe, newerLedger } = prepared.value
  const readings: { readonly name: CheckName; readonly reading: CheckReading }[] = []
  for (const [name, check] of CHECKS) {
    const read = await readOnly(session, deadline, () => check(probe))
    readings.push({ name, reading: read.ok ? read.value : unreadReading(read.failure) })
  }
  const checks = readings.map(({ name, reading }) => statusOf(name, reading))
  if (checks.every(({ status }) => status === 'not-readable')) raiseNothingRead()
  return {
    database: session.server.database,
    checks,
    findings: bySeverity(readings.flatMap(({ reading }) => reading.findings)),
    statements: readings.flatMap(({ reading }) => reading.statements ?? [])[0] ?? null,
    figures: readings.flatMap(({ reading }) => reading.figures ?? []),
    newerLedger,
  }
}

/** Runs one check in its own transaction: an error ends only that check, and no snapshot is held for long. */
async function readOnly<T>(session: Session, deadline: number, work: () => Promise<T>) {
  const left = Math.floor(deadline - performance.now())
  if (left <= 0) return { ok: false as const, failure: DEADLINE_PASSED }
  const timeout = Math.min(left, STATEMENT_TIMEOUT_MS)
  await session.execute(
    `BEGIN READ ONLY; SET LOCAL statement_timeout = ${timeout}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL jit = off`,
  )
  const read = await attempt(work)
  if (!read.ok && read.failure.server === undefined) rethrow(read.failure)
  await session.execute('ROLLBACK')
  return read
}

const DEADLINE_PASSED: Failure = {
  code: 'DATABASE.STATEMENT',
  message: 'the time limit of the inspection was reached',
  nextActions: [],
}

async function prepare(given: Session, request: InspectRequest): Promise<Probe> {
  const session = marked(given)
  const scope = await scopeOf(session.server.schema, request)
  const [rights] = await session.query<{ all: boolean }>(
    `SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS all`,
  )
  const rows = await session.query<{ name: string }>(
    'SELECT nspname AS name FROM pg_namespace ORDER BY 1',
  )
  return {
    session,
    schemas: rows.map(({ name }) => name).filter((name) => scope.ownsSchema(name)),
    thresholds: { ...THRESHOLDS, ...request.thresholds },
    readsAllStatistics: rights?.all ?? false,
    lastBackup: request.lastBackup,
  }
}

/** A session whose queries contain a comment, so that an inspection does not report its own statements. */
function marked(session: Session): Session {
  return { ...session, query: (sql, params) => session.query(`${sql}\n${OWN_MARK}`, params) }
}

function unreadReading({ message, server }: Failure): CheckReading {
  return {
    findings: [],
    unread: { extent: 'all', reason: `not readable: ${reasonOf(message, server?.sqlstate)}` },
  }
}

function reasonOf(message: string, sqlstate: string | undefined): string {
  switch (sqlstate) {
    case '57014':
      return 'it took longer than its time limit'
    case '55P03':
      return 'another session holds a lock that it would have to wait for'
    default:
      return message
  }
}

function statusOf(name: CheckName, { findings, unread }: CheckReading): CheckStatus {
  const status =
    unread === undefined ? 'read' : unread.extent === 'all' ? 'not-readable' : 'partly-read'
  return { name, status, reason: unread?.reason ?? null, findings: findings.length }
}

const ORDER = ['error', 'warning', 'notice']

function bySeverity(findings: readonly HealthFinding[]): HealthFinding[] {
  return findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
}

function raiseNothingRead(failure?: Failure): never {
  return raise('INSPECT.NOTHING_READ', {
    message: 'No check could read the database.',
    why: failure?.message ?? 'The time was too short, or the role is not allowed to read anything.',
    nextActions: [command(['doctor'], 'test the connection and the privileges')],
  })
}
