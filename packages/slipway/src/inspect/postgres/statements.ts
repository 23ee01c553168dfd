import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt, formatDuration, rethrow } from '../../kernel/index.ts'
import { loadParser } from '../../statements/index.ts'
import {
  type HealthFinding,
  NEEDS_MONITOR,
  type Probe,
  type CheckReading,
  type StatementFigures,
  type TopStatements,
} from '../finding.ts'
import { countText, momentText, percentText } from './names.ts'
import { prismaTagsIn, shownStatement } from './statement-text.ts'

/** The comment that marks the statements of an inspection. */
export const OWN_MARK = '/* slipway inspect */'

const MOST = 10
const LONGEST_TEXT = 2000

/** Reads the statements that take the most time and those that run most often from `pg_stat_statements`. */
export async function checkStatements(probe: Probe): Promise<CheckReading> {
  const { session, thresholds, readsAllStatistics } = probe
  const extension = await findExtension(session)
  if (extension === undefined)
    return unreadable(
      'not readable: needs the extension pg_stat_statements in this database, and in shared_preload_libraries',
    )
  const read = await attempt(() => session.query<CountedStatement>(statementsSql(extension)))
  if (!read.ok) {
    if (read.failure.server?.sqlstate === '55000')
      return unreadable(
        'not readable: needs pg_stat_statements in shared_preload_libraries, and a restart',
      )
    if (read.failure.server?.sqlstate === '42501')
      return unreadable(
        'not readable: needs USAGE on the schema of pg_stat_statements, and SELECT on it',
      )
    return rethrow(read.failure)
  }
  await loadParser()
  const statements = read.value.map(figuresOf)
  const top: TopStatements = {
    since: extension.hasInfo ? await readReset(session, extension) : null,
    byTime: statements.toSorted((a, b) => b.totalMs - a.totalMs).slice(0, MOST),
    byCalls: statements.toSorted((a, b) => b.calls - a.calls).slice(0, MOST),
  }
  const slow = statements.filter(
    ({ meanMs, calls }) =>
      meanMs >= thresholds.slowStatementMs && calls >= thresholds.slowStatementCalls,
  )
  return {
    findings: slow.map(slowFinding),
    figures: top.byTime.flatMap(statementFigures),
    statements: top,
    ...(readsAllStatistics
      ? {}
      : { unread: { extent: 'part', reason: `statements of other roles ${NEEDS_MONITOR}` } }),
  }
}

interface Extension {
  readonly schema: string
  /** Since PostgreSQL 13, planning time is counted separately. */
  readonly hasExecTime: boolean
  readonly hasInfo: boolean
}

interface CountedStatement extends Readonly<Record<string, unknown>> {
  readonly queryId: string
  readonly query: string
  readonly calls: number
  readonly totalMs: number
  readonly maxMs: number
  readonly rows: number
  readonly share: number
}

function unreadable(reason: string): CheckReading {
  return { findings: [], unread: { extent: 'all', reason } }
}

async function findExtension(session: Session): Promise<Extension | undefined> {
  const [row] = await session.query<{ schema: string; major: number; minor: number }>(`
    SELECT n.nspname AS schema, split_part(e.extversion, '.', 1)::int AS major, split_part(e.extversion, '.', 2)::int AS minor
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`)
  if (row === undefined) return undefined
  const number = row.major * 100 + row.minor
  return { schema: row.schema, hasExecTime: number >= 108, hasInfo: number >= 109 }
}

/**
 * Sums up equal statements of all roles. Leaves out transaction control
 * statements and those of an inspection.
 */
function statementsSql({ schema, hasExecTime }: Extension): string {
  const time = hasExecTime ? 'exec_time' : 'time'
  return `
WITH counted AS (
  SELECT queryid::text AS "queryId", min(query) AS query, sum(calls)::float8 AS calls,
    sum(total_${time})::float8 AS "totalMs", max(max_${time})::float8 AS "maxMs", sum(rows)::float8 AS rows
  FROM ${quoteIdentifier(schema)}.pg_stat_statements
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL
  GROUP BY queryid
), shared AS (
  SELECT *, coalesce("totalMs" / nullif(sum("totalMs") OVER (), 0), 0) AS share FROM counted
  WHERE query !~* '^\\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION|END|ABORT|SAVEPOINT|RELEASE|DEALLOCATE|DISCARD|SET LOCAL (statement_timeout|lock_timeout|jit))'
    AND strpos(query, '${OWN_MARK}') = 0 AND query !~ '\\mpg_catalog\\.pg_backend_pid'
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY "totalMs" DESC) AS by_time, row_number() OVER (ORDER BY calls DESC) AS by_calls FROM shared
)
SELECT "queryId", query, calls, "totalMs", "maxMs", rows, share FROM ranked
WHERE by_time <= 50 OR by_calls <= ${MOST} ORDER BY "totalMs" DESC, "queryId"`
}

async function readReset(session: Session, { schema }: Extension): Promise<string | null> {
  const [row] = await session.query<{ since: number | null }>(
    `SELECT extract(epoch FROM stats_reset)::float8 AS since FROM ${quoteIdentifier(schema)}.pg_stat_statements_info`,
  )
  return momentText(row?.since ?? null)
}

function figuresOf({
  queryId,
  query,
  calls,
  totalMs,
  maxMs,
  rows,
  share,
}: CountedStatement): StatementFigures {
  const text = shownStatement(query).slice(0, LONGEST_TEXT)
  return {
    queryId,
    ...prismaTagsIn(query),
    text,
    calls,
    totalMs,
    meanMs: totalMs / Math.max(calls, 1),
    maxMs,
    rows,
    share,
  }
}

/** The name of a statement in messages: its Prisma operation and identifier, or only its identifier. */
function titleOf({ model, action, queryId }: StatementFigures): string {
  if (action === null) return `The statement ${queryId}`
  return `${model === null ? action : `${model}.${action}`} (statement ${queryId})`
}

function slowFinding(one: StatementFigures): HealthFinding {
  const { queryId, model, action, text, calls, meanMs, maxMs, totalMs, rows, share } = one
  return {
    id: 'slow-statement',
    severity: 'warning',
    object: null,
    message: `${titleOf(one)} takes ${formatDuration(meanMs)} on average, in ${countText(calls, 'call')}: ${percentText(share)} of the time of all statements.`,
    evidence: {
      queryId,
      model,
      action,
      text,
      calls,
      meanMs,
      maxMs,
      totalMs,
      rowsPerCall: rows / Math.max(calls, 1),
      share,
    },
    fix: 'Run it with EXPLAIN (ANALYZE, BUFFERS) on a copy of the data: an index may be missing, or it reads more than it returns.',
    sql: null,
  }
}

function statementFigures({ queryId, model, action, calls, totalMs }: StatementFigures) {
  const labels = { query_id: queryId, model: model ?? '', action: action ?? '' }
  return [
    {
      name: 'statement_calls_total',
      help: 'Calls of the statements that take the most time.',
      type: 'counter' as const,
      value: calls,
      labels,
    },
    {
      name: 'statement_seconds_total',
      help: 'Time of the statements that take the most time.',
      type: 'counter' as const,
      value: totalMs / 1000,
      labels,
    },
  ]
}
