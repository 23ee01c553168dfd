import type { RawResult, Session } from '../../database/index.ts'
import { type Failure, failureOf, formatDuration } from '../../kernel/index.ts'
import { readSchema } from '../../schema/index.ts'
import type { Migration } from '../../statements/index.ts'
import { type PreCheck, type PreCheckResult, VIOLATION_LIMIT } from '../pre-check.ts'
import { needsPreChecks, preChecksOf, type TargetFacts } from '../pre-checks.ts'

/** The limits of pre-checks. */
export interface PreCheckOptions {
  /** The limit of each pre-check; 30 s if absent. */
  readonly timeoutMs?: number
  /** Cancels the pre-checks, which then throw. */
  readonly signal?: AbortSignal
}

const SAMPLE = 5
const LOCK_TIMEOUT_MS = 200

/**
 * Finds rows of a target on which pending migrations would fail. Only reads. A pre-check whose query takes
 * too long or is refused by the server is undecided.
 */
export async function preCheck(
  session: Session,
  plans: readonly Migration[],
  options: PreCheckOptions = {},
): Promise<PreCheckResult[]> {
  if (!needsPreChecks(plans)) return []
  return await runPreChecks(session, preChecksOf(plans, await readTargetFacts(session)), options)
}

/** Reads the facts from the target's catalog, without reading rows of user tables. */
export async function readTargetFacts(session: Session): Promise<TargetFacts> {
  const target = await readSchema(session, { constraints: true, types: true })
  return { target, versionNumber: session.server.versionNumber }
}

/** Runs each pre-check in its own read-only transaction. */
async function runPreChecks(
  session: Session,
  checks: readonly PreCheck[],
  options: PreCheckOptions,
): Promise<PreCheckResult[]> {
  const results: PreCheckResult[] = []
  for (const check of checks) results.push(await runPreCheck(session, check, options))
  return results
}

async function runPreCheck(
  session: Session,
  { sql, doubts, ...check }: PreCheck,
  options: PreCheckOptions,
): Promise<PreCheckResult> {
  const nothing = { ...check, ok: null, violations: 0, sample: [] }
  if (sql === null) return { ...nothing, undecided: doubts.violated ?? doubts.clean ?? '' }
  const answer = await readOnly(session, countedSql(sql), options)
  if ('undecided' in answer) return { ...nothing, undecided: answer.undecided }
  const { violations, sample } = countedRows(answer)
  const undecided = violations > 0 ? doubts.violated : doubts.clean
  return undecided === undefined
    ? { ...check, ok: violations === 0, violations, sample }
    : { ...check, ok: null, violations, sample, undecided }
}

/** Selects the first keys in order, each with the total count in its last column. */
function countedSql(sql: string): string {
  return `SELECT *, count(*) OVER () FROM (${sql} LIMIT ${VIOLATION_LIMIT}) AS offending ORDER BY offending LIMIT ${SAMPLE}`
}

function countedRows({ columns, rows }: RawResult): Pick<PreCheckResult, 'violations' | 'sample'> {
  const names = columns.slice(0, -1).map(({ name }) => name)
  const sample = rows.map((row) => names.map((name, at) => `${name}=${row[at]}`).join(', '))
  return { violations: Number(rows[0]?.at(-1) ?? 0), sample }
}

/**
 * Runs a SELECT in a read-only transaction. With row_security off, the server refuses a query for which
 * policies would hide rows, and the check is then undecided.
 */
async function readOnly(
  session: Session,
  sql: string,
  { timeoutMs = 30_000, signal }: PreCheckOptions,
): Promise<RawResult | { readonly undecided: string }> {
  try {
    await session.execute(`BEGIN READ ONLY;
      SET LOCAL statement_timeout = ${timeoutMs};
      SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
      SET LOCAL row_security = off`)
    return await session.queryRaw(sql)
  } catch (error) {
    const failure = failureOf(error)
    if (!failure?.server || signal?.aborted || failure.code === 'DATABASE.CONNECTION_LOST')
      throw error
    return { undecided: whyRefused(failure, timeoutMs) }
  } finally {
    await session.execute('ROLLBACK').catch(() => {})
  }
}

function whyRefused({ message, server }: Failure, timeoutMs: number): string {
  switch (server?.sqlstate) {
    case '57014':
      return `took longer than ${formatDuration(timeoutMs)}`
    case '55P03':
      return 'another session has locked the table'
    default:
      return server?.message ?? message
  }
}
