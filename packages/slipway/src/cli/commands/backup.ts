import type {
  BackupCreateResult,
  BackupItem,
  BackupListResult,
  BackupPruneResult,
  BackupRestoreResult,
  BackupVerifyResult,
} from '../../app/index.ts'
import { formatBytes, formatDuration } from '../../kernel/index.ts'
import type { Handler } from '../command.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { type Block, paragraph, status } from '../view.ts'

const FORMATS = ['custom', 'directory', 'plain'] as const

export const backupCreate: Handler = async ({ slipway }, { flags }) =>
  presentOutcome(
    await slipway.backup.create({
      format: FORMATS.find((one) => one === flags.text('dump-format')),
      jobs: flags.number('jobs'),
      globals: flags.on('globals'),
      excludeData: flags.list('exclude-data'),
      noChecksums: flags.on('no-checksums'),
    }),
    created,
  )

export const backupList: Handler = async ({ slipway }) =>
  presentOutcome(await slipway.backup.list(), listed)

export const backupVerify: Handler = async ({ slipway }, { args, flags }) =>
  presentOutcome(
    await slipway.backup.verify({
      id: args[0],
      quick: flags.on('quick'),
      server: flags.text('server'),
      identity: flags.text('identity'),
      jobs: flags.number('jobs'),
    }),
    verified,
  )

export const backupRestore: Handler = async ({ slipway, confirm }, { args, flags }) =>
  presentOutcome(
    await slipway.backup.restore({
      id: args[0],
      tables: flags.list('table'),
      dataOnly: flags.on('data-only'),
      noOwner: flags.on('no-owner'),
      dropOld: flags.on('drop-old'),
      identity: flags.text('identity'),
      jobs: flags.number('jobs'),
      confirm,
    }),
    restored,
  )

export const backupPrune: Handler = async ({ slipway }, { flags }) =>
  presentOutcome(await slipway.backup.prune({ write: flags.on('write') }), pruned)

/** Every day at 3:00. */
const NIGHTLY = '0 3 * * *'

export const backupSchedule: Handler = async ({ slipway }, { args, flags }) =>
  presentOutcome(
    await slipway.backup.schedule({
      every: flags.text('every') ?? NIGHTLY,
      scheduler: SCHEDULERS.find((one) => one === args[0]) ?? 'cron',
      image: flags.text('image'),
    }),
    ({ files }) =>
      files.flatMap((file): Block[] => [
        paragraph(file.path),
        { kind: 'code', language: 'text', text: file.text },
      ]),
  )

const SCHEDULERS = ['cron', 'systemd', 'kubernetes', 'github'] as const

export const backupRun: Handler = async ({ slipway }, { flags }) =>
  presentOutcome(
    await slipway.backup.run({
      every: flags.text('every') ?? NIGHTLY,
      verify: flags.on('verify'),
      healthFile: flags.text('health-file'),
      port: flags.number('port'),
      identity: flags.text('identity'),
    }),
    ({ runs, failed }) => [paragraph(`Stopped after ${runs} backups, of which ${failed} failed.`)],
  )

function created({ backup, store, ...target }: BackupCreateResult): Block[] {
  return [
    status('done', `${backup.id}: ${formatBytes(backup.bytes)}`, formatDuration(backup.ms)),
    paragraph(
      `Backed up ${placeOf(target)} to ${store}: ${rowsText(backup)}, ${encryptionText(backup)}.`,
    ),
  ]
}

function rowsText({ tables, rows }: BackupItem): string {
  if (tables === null || rows === null) return 'without row checksums'
  return `${tables} tables, ${rows.toLocaleString('en-US')} rows`
}

function encryptionText({ encryption }: BackupItem): string {
  return encryption === 'none' ? 'not encrypted' : 'encrypted'
}

function listed({ backups, store }: BackupListResult): Block[] {
  if (backups.length === 0) return [paragraph(`There is no backup in ${store}.`)]
  const columns = [
    { title: 'backup' },
    { title: 'size', align: 'right' as const },
    { title: 'last migration' },
    { title: 'encrypted' },
    { title: 'verified' },
    { title: 'restore time', align: 'right' as const },
  ]
  const rows = backups.map((one) => [
    one.id,
    formatBytes(one.bytes),
    one.lastMigration ?? '',
    one.encryption === 'none' ? 'no' : 'yes',
    one.verified?.at ?? 'no',
    one.verified ? formatDuration(one.verified.restoreMs) : '',
  ])
  return [{ kind: 'table', columns, rows }]
}

function verified({ backup, quick, compared, differences }: BackupVerifyResult): Block[] {
  if (differences.length > 0) return [status('failed', `${backup.id} is not verified`)]
  const took = backup.verified
    ? `restored in ${formatDuration(backup.verified.restoreMs)}`
    : undefined
  if (quick)
    return [status('note', `${backup.id}: the checksums of its files match`, 'not restored')]
  return backup.verified === null
    ? [status('failed', `${backup.id} is restored, but not proven`)]
    : [status('done', `Verified ${backup.id}: ${equalText(compared)}`, took)]
}

/** What was compared; nothing if another version of Slipway made the backup, without row checksums. */
function equalText(compared: readonly string[]): string {
  return compared.length === 0 ? 'nothing' : `${compared.join(', ')} are equal`
}

function restored(result: BackupRestoreResult): Block[] {
  const { backup, old, restoreMs, compared } = result
  const place = placeOf(result)
  return [
    status('done', `Restored ${backup.id} into ${place}`, formatDuration(restoreMs)),
    ...(compared && compared.differences.length === 0
      ? [status('done', `Compared: ${equalText(compared.compared)}`)]
      : []),
    ...(old === null ? [] : [paragraph(`The previous database is now named ${old}.`)]),
  ]
}

function pruned({ decisions, written, store }: BackupPruneResult): Block[] {
  const gone = decisions.filter(({ action }) => action === 'expire')
  const verb = written ? 'Removed' : 'Would remove'
  return [
    ...decisions.map(({ id, action, reason }) =>
      action === 'keep'
        ? status('note', `Keeps ${id}`, reason)
        : status(written ? 'done' : 'pending', `${verb} ${id}`, reason),
    ),
    paragraph(`${verb} ${gone.length} of ${decisions.length} backups in ${store}.`),
  ]
}
