import path from 'node:path'
import {
  type EndedRun,
  runScheduled,
  type ScheduleFile,
  type Scheduler,
  scheduleText,
} from '../backup/index.ts'
import type { Emit } from '../kernel/index.ts'
import { verifiedFor } from './backup-gate.ts'
import { makeAndNotify } from './backup-notice.ts'
import { makeBackup, pruneFor } from './backup.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn } from './outcome.ts'
import { readWork, type Work } from './work.ts'

/** The schedule to print. */
export interface BackupScheduleOptions {
  /** A cron expression: `0 3 * * *`. */
  readonly every: string
  readonly scheduler: Scheduler
  /** For Kubernetes: the image that contains the project. */
  readonly image?: string | undefined
}

/** The files to write. */
export interface BackupScheduleResult {
  readonly environment: string
  readonly files: readonly ScheduleFile[]
}

/** How a process follows a schedule. */
export interface BackupRunOptions {
  /** A cron expression, in the time zone of the process. */
  readonly every: string
  /** Verify each backup. */
  readonly verify?: boolean | undefined
  readonly identity?: string | undefined
  /** A file for the health status of the schedule, absolute or relative to `cwd`. */
  readonly healthFile?: string | undefined
  /** A port on this machine that answers `GET /health`. */
  readonly port?: number | undefined
}

/** The number of runs until the signal. */
export interface BackupRunResult {
  readonly environment: string
  readonly runs: number
  readonly failed: number
}

/** Returns the configuration files with which a scheduler makes backups. */
export async function printSchedule(
  context: AppContext,
  { every, scheduler, image }: BackupScheduleOptions,
): Promise<UseCaseReturn<BackupScheduleResult>> {
  const work = await readWork(context, { mayLackMigrations: true, withoutTarget: true })
  const { environment } = work.target
  const { config, schema } = context.names
  const files = scheduleText(scheduler, {
    every,
    command: [
      'npx',
      'slipway',
      'backup',
      'create',
      '--no-interactive',
      '--env',
      environment,
      ...(config === undefined ? [] : ['--config', config]),
      ...(schema === undefined ? [] : ['--schema', schema]),
    ],
    folder: work.project.root,
    name: `slipway-backup-${environment}`,
    variables: variablesOf(work),
    image,
  })
  return { result: { environment, files } }
}

/** The variables that the settings of the target name, and those of its backups. */
function variablesOf({ target }: Work): string[] {
  const { settings, unsetVariable, address } = target
  const { encryption, store, notify = {} } = target.policy.backup
  const named = settings.flatMap(({ source }) => /^(\w+) \(/.exec(source)?.[1] ?? [])
  const usual = address.kind === 'postgres' || address.kind === 'embedded' ? ['DATABASE_URL'] : []
  const connection = [...named, ...(unsetVariable === undefined ? [] : [unsetVariable])]
  const urls = [notify.webhook, notify.heartbeat]
  return [
    ...new Set(connection.length > 0 ? connection : usual),
    ...urls.flatMap((url) => (url?.startsWith('env:') ? [url.slice('env:'.length)] : [])),
    ...(encryption === 'passphrase' ? ['SLIPWAY_BACKUP_PASSPHRASE'] : []),
    // Needed if the machine has no IAM role.
    ...(typeof store === 'object' ? ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] : []),
  ]
}

/** Makes backups on a schedule until the signal, and removes those that no rule keeps. Two never overlap. */
export async function followSchedule(
  context: AppContext,
  asked: BackupRunOptions,
): Promise<UseCaseReturn<BackupRunResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  const { environment } = work.target
  const { healthFile, port, every } = asked
  const folder = path.join(work.project.root, '.slipway')
  let runs = 0
  let failed = 0
  await runScheduled({
    every,
    lockFile: path.join(folder, `backup-${environment}.lock`),
    healthFile: path.resolve(
      context.cwd,
      healthFile ?? path.join(folder, `backup-${environment}.json`),
    ),
    port,
    signal: context.signal,
    run: async (signal) => await runOnce({ ...context, signal }, work, asked),
    onEnd: (run) => {
      runs += 1
      if (run.outcome === 'failed') failed += 1
      report(context.emit, run)
    },
  })
  return { result: { environment, runs, failed } }
}

async function runOnce(context: AppContext, work: Work, asked: BackupRunOptions): Promise<void> {
  const make = async () => {
    const { backup } = await makeBackup(context, work, { before: [] })
    if (!asked.verify) return backup
    await verifiedFor(context, work, { id: backup.id, identity: asked.identity })
    return backup
  }
  const { made, findings } = await makeAndNotify(context, work, make, ({ id }) => id)
  context.emit({ kind: 'notice', message: `Made ${made.id}.` })
  for (const { message } of findings) context.emit({ kind: 'notice', message })
  if (work.target.policy.backup.keep) await pruneFor(work, { write: true })
}

function report(emit: Emit, { outcome, failure }: EndedRun): void {
  if (outcome === 'failed')
    emit({ kind: 'notice', message: `The backup failed: ${failure?.message ?? ''}` })
}
