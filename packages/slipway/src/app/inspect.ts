import {
  type CheckStatus,
  type Metric,
  type HealthFinding,
  type IndexTrial,
  inspectTarget,
  type TopStatements,
  tryIndexes,
} from '../inspect/index.ts'
import { attempt, command } from '../kernel/index.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { directAddress, readWork, shadowOptions, type TargetResult, targetResult } from './work.ts'

const DEADLINE_MS = 30_000

/** Options of an inspection. */
export interface InspectOptions {
  /** Try the missing indexes of foreign keys: with HypoPG on the target, or on a shadow database with generated rows. */
  readonly try?: boolean | undefined
  /** The time limit for reading the target; default: 30 seconds. */
  readonly deadlineMs?: number | undefined
}

/** The health of a target. */
export interface InspectResult extends TargetResult {
  /** Each check, and what could not be read. */
  readonly checks: readonly CheckStatus[]
  /** The most severe first. */
  readonly findings: readonly HealthFinding[]
  /** Null if the server does not record statements, or the role may not read them. */
  readonly statements: TopStatements | null
  readonly figures: readonly Metric[]
  /** Null if they were not requested. */
  readonly trials: readonly IndexTrial[] | null
}

/** Examines the health of the target. Changes nothing there, and reads no row of a table. */
export async function inspectHealth(
  context: AppContext,
  { try: trying = false, deadlineMs = DEADLINE_MS }: InspectOptions,
): Promise<UseCaseReturn<InspectResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  const address = await directAddress(work)
  const { migrations, target } = work
  const backups = await import('./backup.ts')
  const last = await backups.lastBackup(work)
  const lastBackup = last?.manifest.createdAt
  const request = { address, migrations, schemas: target.schemas, lastBackup }
  const { database, newerLedger, ...found } = await inspectTarget({ ...request, deadlineMs })
  const { emit } = context
  const tried = trying
    ? await attempt(() => tryIndexes({ ...request, shadow: shadowOptions(work), emit }))
    : undefined
  const unindexed = found.findings.some(({ id }) => id === 'foreign-key-unindexed')
  return {
    result: {
      ...targetResult(work, database),
      ...found,
      trials: tried?.ok ? tried.value : null,
    },
    findings: [
      ...found.findings.map(resultFinding),
      ...found.checks.flatMap(unreadFinding),
      ...(newerLedger === null ? [] : [newerLedgerFinding(newerLedger)]),
    ],
    next: unindexed && !trying ? [command(['inspect', '--try'], 'see what the indexes save')] : [],
    failure: tried && !tried.ok ? tried.failure : undefined,
  }
}

function resultFinding({ id, severity, message, fix, sql }: HealthFinding): ResultFinding {
  return { id, severity, message: [message, fix, ...(sql === null ? [] : [sql])].join(' ') }
}

function newerLedgerFinding(message: string): ResultFinding {
  return { id: 'ledger-newer', severity: 'notice', message }
}

/** Reports what could not be read, so that nothing is left out silently. */
function unreadFinding({ name, reason }: CheckStatus): ResultFinding[] {
  if (reason === null) return []
  return [{ id: 'not-readable', severity: 'notice', message: `${name}: ${reason}` }]
}
