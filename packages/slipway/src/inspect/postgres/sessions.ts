import { formatDuration } from '../../kernel/index.ts'
import { type HealthFinding, NEEDS_MONITOR, type Probe, type CheckReading } from '../finding.ts'
import { countText, percentText } from './names.ts'
import { prismaTagsIn } from './statement-text.ts'

/** Finds long transactions, including prepared ones. VACUUM cannot remove rows that died after they began. */
export async function checkTransactions(probe: Probe): Promise<CheckReading> {
  const { session, thresholds, readsAllStatistics } = probe
  const open = await session.query<OpenTransaction>(TRANSACTIONS)
  const prepared = await session.query<PreparedTransaction>(PREPARED)
  const longest = Math.max(0, ...open.map(({ seconds }) => seconds ?? 0))
  const findings = [
    ...open.filter((one) => isLong(one, probe)).map(transactionFinding),
    ...prepared
      .filter(({ seconds }) => seconds >= thresholds.longTransactionSeconds)
      .map(preparedFinding),
  ]
  return {
    findings,
    figures: [
      {
        name: 'longest_transaction_seconds',
        help: 'Age of the oldest open transaction of the database that can be read.',
        type: 'gauge',
        value: longest,
        labels: {},
      },
      {
        name: 'prepared_transactions',
        help: 'Prepared transactions of the database.',
        type: 'gauge',
        value: prepared.length,
        labels: {},
      },
    ],
    ...(readsAllStatistics
      ? {}
      : { unread: { extent: 'part', reason: `transactions of other roles ${NEEDS_MONITOR}` } }),
  }
}

interface OpenTransaction extends Readonly<Record<string, unknown>> {
  readonly pid: number
  readonly role: string | null
  readonly application: string
  readonly state: string | null
  readonly query: string | null
  /** Age of the transaction; null if it cannot be read. */
  readonly seconds: number | null
  /** Seconds since the session's state last changed. */
  readonly idle: number | null
}

interface PreparedTransaction extends Readonly<Record<string, unknown>> {
  readonly owner: string
  readonly seconds: number
}

function isLong({ seconds, idle, state }: OpenTransaction, { thresholds }: Probe): boolean {
  if (seconds === null) return false
  const waits = (state ?? '').startsWith('idle in transaction')
  return (
    seconds >= thresholds.longTransactionSeconds ||
    (waits && (idle ?? 0) >= thresholds.idleTransactionSeconds)
  )
}

function transactionFinding(one: OpenTransaction): HealthFinding {
  const { pid, application, role, state, seconds, idle } = one
  const { model, action } = prismaTagsIn(one.query ?? '')
  const idles = (state ?? '').startsWith('idle in transaction')
  const age = formatDuration((seconds ?? 0) * 1000)
  return {
    id: 'long-transaction',
    severity: 'warning',
    object: null,
    message: `The transaction of session ${pid} (${application || 'unnamed application'}) has been open for ${age}${idles ? ', and nothing runs in it' : ''}.`,
    evidence: {
      pid,
      application,
      role,
      state,
      seconds,
      idleSeconds: idles ? idle : null,
      model,
      action,
    },
    fix: idles
      ? 'Find out why the application does not end it; idle_in_transaction_session_timeout ends such sessions. To end this one:'
      : 'Split the work into smaller transactions. To cancel the current statement:',
    sql: idles ? `SELECT pg_terminate_backend(${pid});` : `SELECT pg_cancel_backend(${pid});`,
  }
}

function preparedFinding({ owner, seconds }: PreparedTransaction): HealthFinding {
  return {
    id: 'long-transaction',
    severity: 'warning',
    object: null,
    message: `A prepared transaction of ${owner} has been open for ${formatDuration(seconds * 1000)}, and survives a restart of the server.`,
    evidence: { prepared: true, owner, seconds },
    fix: 'Find it in pg_prepared_xacts, and end it with COMMIT PREPARED or ROLLBACK PREPARED.',
    sql: null,
  }
}

interface WaitingSession extends Readonly<Record<string, unknown>> {
  readonly pid: number
  readonly blockers: readonly number[]
  readonly relation: string | null
  readonly mode: string
  /** Null if it cannot be read. */
  readonly seconds: number | null
}

interface Blocking extends Readonly<Record<string, unknown>> {
  readonly pid: number
  readonly application: string | null
  readonly state: string | null
  readonly transaction: number | null
  readonly query: string | null
}

/** Finds sessions that make others wait for a lock, with all sessions that wait for them. */
export async function checkBlocked({ session, thresholds }: Probe): Promise<CheckReading> {
  // `waitstart` is new in PostgreSQL 14. Before that, a role without privileges
  // sees no wait times of other roles.
  const since = session.server.versionNumber >= 140_000 ? 'l.waitstart' : 'a.state_change'
  const waiting = await session.query<WaitingSession>(WAITING.replace('$since', since))
  const figures = [
    {
      name: 'blocked_sessions',
      help: 'Sessions of the database that wait for a lock.',
      type: 'gauge',
      value: waiting.length,
      labels: {},
    },
  ] as const
  const long = waiting.filter(
    ({ seconds }) => seconds === null || seconds >= thresholds.blockedSeconds,
  )
  if (long.length === 0) return { findings: [], figures }
  const roots = rootBlockers(waiting, long)
  const blocking = await session.query<Blocking>(BLOCKING, [[...roots.keys()]])
  const findings = [...roots].map(([pid, behind]) =>
    blockerFinding(
      pid,
      behind,
      blocking.find((one) => one.pid === pid),
    ),
  )
  return { findings, figures }
}

/**
 * The blocking sessions that do not wait themselves, each with the sessions that wait for it, directly or
 * through others.
 */
function rootBlockers(
  waiting: readonly WaitingSession[],
  long: readonly WaitingSession[],
): Map<number, WaitingSession[]> {
  const byPid = new Map(waiting.map((one) => [one.pid, one]))
  const roots = new Map<number, WaitingSession[]>()
  for (const one of long) {
    for (const root of rootsOf(one, byPid, new Set()))
      roots.set(root, [...(roots.get(root) ?? []), one])
  }
  return roots
}

function rootsOf(
  { pid, blockers }: WaitingSession,
  byPid: ReadonlyMap<number, WaitingSession>,
  seen: Set<number>,
): Set<number> {
  seen.add(pid)
  const roots = blockers.flatMap((blocker) => {
    const next = byPid.get(blocker)
    if (next === undefined) return [blocker]
    return seen.has(blocker) ? [] : [...rootsOf(next, byPid, seen)]
  })
  return new Set(roots)
}

function blockerFinding(
  pid: number,
  behind: readonly WaitingSession[],
  blocking: Blocking | undefined,
): HealthFinding {
  const times = behind.flatMap(({ seconds }) => seconds ?? [])
  const longest = times.length > 0 ? Math.max(...times) : null
  const forLong = longest === null ? '' : `, the longest for ${formatDuration(longest * 1000)}`
  const who =
    pid === 0
      ? 'A prepared transaction'
      : `Session ${pid} (${blocking?.application || 'unnamed application'})`
  const { model, action } = prismaTagsIn(blocking?.query ?? '')
  return {
    id: 'session-blocks',
    severity: 'warning',
    object: null,
    message: `${who} makes ${countText(behind.length, 'session')} wait for a lock${forLong}.`,
    evidence: {
      pid,
      application: blocking?.application ?? null,
      state: blocking?.state ?? null,
      transactionSeconds: blocking?.transaction ?? null,
      model,
      action,
      waiting: behind.map((one) => one.pid),
      waitSeconds: longest,
      relations: [...new Set(behind.flatMap(({ relation }) => relation ?? []))],
      modes: [...new Set(behind.map(({ mode }) => mode))],
    },
    fix: pid === 0 ? 'Find it in pg_prepared_xacts, and end it.' : 'Wait for it, or end it:',
    sql: pid === 0 ? null : `SELECT pg_terminate_backend(${pid});`,
  }
}

/** Compares the connections with the limits of the server, the database and the role. */
export async function checkConnections({ session, thresholds }: Probe): Promise<CheckReading> {
  const limits = await session.query<{ scope: string; used: number; most: number }>(CONNECTIONS)
  const figures = limits.flatMap(({ scope, used, most }) => [
    {
      name: 'connections_used',
      help: 'Connections that count against a limit.',
      type: 'gauge' as const,
      value: used,
      labels: { scope },
    },
    {
      name: 'connections_limit',
      help: 'The limit of connections for applications.',
      type: 'gauge' as const,
      value: most,
      labels: { scope },
    },
  ])
  const findings = limits
    .filter(({ used, most }) => used >= most * thresholds.connectionsWarning)
    .map(({ scope, used, most }): HealthFinding => ({
      id: 'connections-near-limit',
      severity: used >= most * thresholds.connectionsError ? 'error' : 'warning',
      object: null,
      message: `${used} of ${most} connections of the ${scope} are in use (${percentText(used / most)}).`,
      evidence: { scope, used, limit: most, ratio: used / most },
      fix: 'Lower the pool of each process (instances times pool size must fit), or put a pooler in front of the server.',
      sql: null,
    }))
  return { findings, figures }
}

const CLIENTS = `a.datname = current_database() AND a.pid <> pg_backend_pid()`

const TRANSACTIONS = `
SELECT a.pid, a.usename AS role, coalesce(a.application_name, '') AS application, a.state, a.query,
  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds,
  extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS idle
FROM pg_stat_activity a
WHERE ${CLIENTS} AND a.backend_type = 'client backend' AND a.xact_start IS NOT NULL
ORDER BY a.xact_start, a.pid`

const PREPARED = `
SELECT owner, extract(epoch FROM clock_timestamp() - prepared)::float8 AS seconds
FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared`

const WAITING = `
SELECT a.pid, pg_blocking_pids(a.pid) AS blockers, c.relname AS relation, l.mode,
  extract(epoch FROM clock_timestamp() - $since)::float8 AS seconds
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_class c ON c.oid = l.relation AND l.database = a.datid
WHERE NOT l.granted AND ${CLIENTS}
ORDER BY a.pid`

const BLOCKING = `
SELECT a.pid, a.application_name AS application, a.state, a.query,
  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction
FROM pg_stat_activity a WHERE a.pid = ANY ($1)`

/** Excludes reserved connections, which applications cannot use. Every role can see the role of each session. */
const CONNECTIONS = `
SELECT scope, used::float8 AS used, most::float8 AS most FROM (
  SELECT 1 AS place, 'server' AS scope, (SELECT sum(numbackends) FROM pg_stat_database) AS used,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0) AS most
  UNION ALL
  SELECT 2, 'database', s.numbackends, d.datconnlimit FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid
  WHERE d.datname = current_database()
  UNION ALL
  SELECT 3, 'role', (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid), r.rolconnlimit
  FROM pg_roles r WHERE r.rolname = session_user
) AS l
WHERE most > 0 ORDER BY place`
