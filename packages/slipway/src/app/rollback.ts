import type { Receipt } from '../execution/index.ts'
import { command } from '../kernel/index.ts'
import {
  type Announcement,
  announcementText,
  type DownVerdict,
  type PreparedDown,
  readFill,
  rollback,
} from '../rollback/index.ts'
import type { Unrestored } from '../safekeeping/index.ts'
import { refuseUnknownAccepts } from './accept.ts'
import type { BackupItem } from './backup-result.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { type KeptResult, keptResult, restoredFindings } from './kept-result.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { readWork, type TargetResult, targetResult, workRequest } from './work.ts'

/** How far a rollback goes, and what is accepted. */
export interface RollbackOptions extends ConsentOptions {
  /** The number of migrations; default: one. */
  readonly steps?: number | undefined
  /** Roll back all migrations after this one. Cannot be combined with `steps`. */
  readonly to?: string | undefined
  /** Findings that are accepted: `unproven`, `unannounced`. */
  readonly accept?: readonly string[] | undefined
  /** Values for rows written after the deploy, if a column is restored as NOT NULL: `table.column=value`. */
  readonly fill?: readonly string[] | undefined
  /** Instead, restore the backup from before the last migration, without anything written since. */
  readonly fromBackup?: boolean | undefined
  /**
   * Instead, restore a remote D1 database with Time Travel to its state before the deploy of the last
   * migration. Everything written since is also undone.
   */
  readonly fromBookmark?: boolean | undefined
  /** An age key file, with `fromBackup`. */
  readonly identity?: string | undefined
}

/** A down migration of a rollback. */
export interface DownResult {
  readonly migration: string
  /** `file`: its down.sql. `written`: generated now. */
  readonly origin: PreparedDown['origin']
  /** What it cannot restore. */
  readonly announced: readonly Announcement[]
  /** Its text if it was generated now; null if it has a file. */
  readonly sql: string | null
}

/** The result of a rollback. */
export interface RollbackResult extends TargetResult {
  readonly receipts: readonly Receipt[]
  /** The backup that was restored, with `fromBackup`. */
  readonly backup: BackupItem | null
  /** What Time Travel restored, with `fromBookmark`. */
  readonly timeTravel: TimeTravelResult | null
  /** The data that the migrations destroyed: restored, or still kept. */
  readonly kept: readonly KeptResult[]
  readonly verified: boolean | null
  /** Whether the schema of the target matches the remaining history; null if it was not compared. */
  readonly schemaMatches: boolean | null
  readonly testRun: DownVerdict
  readonly downMigrations: readonly DownResult[]
}

/** A restore of a D1 database with Time Travel. */
export interface TimeTravelResult {
  /** The state that was restored. */
  readonly bookmark: string
  /** The state before that, to which Time Travel can return. */
  readonly undo: string
  /** The migrations that are no longer applied. */
  readonly undone: readonly string[]
}

/** Rolls back the last migrations. */
export async function rollBack(
  context: AppContext,
  asked: RollbackOptions,
): Promise<UseCaseReturn<RollbackResult>> {
  const { accept = [], fill = [], steps = 1, to } = asked
  refuseUnknownAccepts(accept, ['unproven', 'unannounced'])
  const work = await readWork(context, { downMigrations: true })
  await requirePolicyConsent(context, work, { ...asked, words: wordsOf(asked) })
  if (asked.fromBackup) {
    const { rollBackFromBackup } = await import('./rollback-from-backup.ts')
    return await rollBackFromBackup(context, work, asked)
  }
  if (asked.fromBookmark) {
    const { rollBackByTimeTravel } = await import('./rollback-by-time-travel.ts')
    return await rollBackByTimeTravel(context, work, asked)
  }
  const outcome = await rollback({
    ...(await workRequest(context, work)),
    migrations: work.migrations,
    extent: to === undefined ? { kind: 'steps', steps } : { kind: 'to', migration: to },
    consent: consentFrom(context, asked),
    acceptUnproven: accept.includes('unproven'),
    acceptUnannounced: accept.includes('unannounced'),
    fills: fill.map(readFill),
    announce: (downs) => announce(downs, context),
  })
  const { database, receipts, testRun, verification, failure } = outcome
  const result = {
    ...targetResult(work, database),
    receipts,
    backup: null,
    timeTravel: null,
    kept: outcome.kept.filter(({ inserted }) => !inserted).map(keptResult),
    verified: verification?.verified ?? null,
    schemaMatches: outcome.schemaMatches ?? null,
    testRun,
    downMigrations: outcome.downs.map(({ plan, origin, announced, sql }) => ({
      migration: plan.name,
      origin,
      announced,
      sql: origin === 'written' ? sql : null,
    })),
  }
  const findings = [
    ...(outcome.downs.length === 0 && to !== undefined ? [doneBefore(to)] : []),
    ...outcome.unrestored.map(notRestored),
    ...outcome.kept.flatMap(restoredFindings),
  ]
  const next =
    failure || outcome.downs.length === 0 ? [] : [command(['deploy'], 'apply the migrations again')]
  return { result, findings, failure, next }
}

/** The rest of the arguments is added to suggestions of the same command. */
function wordsOf({ fromBackup, fromBookmark }: RollbackOptions): string[] {
  const from = [
    ...(fromBackup ? ['--from-backup'] : []),
    ...(fromBookmark ? ['--from-bookmark'] : []),
  ]
  return ['rollback', ...from]
}

/** If a rollback is repeated because its response was lost, it reports that nothing was left to do. */
function doneBefore(migration: string): ResultFinding {
  const message = `${migration} is already the last applied migration. Nothing was rolled back.`
  return { id: 'rolled-back-before', severity: 'notice', message }
}

function notRestored({ migration, object, attribute, why }: Unrestored): ResultFinding {
  const message = `${migration}: the ${attribute} of ${object} was not restored: ${why}.`
  return { id: 'not-restored', severity: 'warning', message }
}

/** What the down migrations cannot restore, reported before they run. */
function announce(downs: readonly PreparedDown[], { emit }: AppContext): void {
  for (const { plan, announced } of downs) {
    for (const one of announced)
      emit({ kind: 'notice', message: `${plan.name}: ${announcementText(one)}` })
  }
}
