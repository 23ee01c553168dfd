import type { BackupItem, DeployResult } from '../../app/index.ts'
import { formatBytes } from '../../kernel/index.ts'
import type { Handler } from '../command.ts'
import { keptLines, offeredLines } from '../kept-view.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { receiptLines, recordedLines } from '../receipts-view.ts'
import { type Block, paragraph, status } from '../view.ts'
import { exitCodeOfWork } from '../work-exit-code.ts'

export const deploy: Handler = async ({ slipway, confirm, commandLine }, { flags }) => {
  const outcome = await slipway.deploy({
    accept: flags.list('accept'),
    plan: flags.text('plan'),
    noKeep: flags.on('no-keep'),
    identity: flags.text('identity'),
    confirm,
  })
  const back = commandLine(['rollback', '--from-bookmark'])
  const view = (result: DeployResult) => blocks(result, outcome.ok, back)
  return presentOutcome(outcome, view, exitCodeOfWork(outcome))
}

/** What a deploy verified at its end. */
const VERIFIED = {
  indexes: 'every index is valid',
  schema: 'the schema matches the migrations',
} as const

/** `back` is the command that restores the earlier state with Time Travel, if a bookmark was recorded. */
function blocks(result: DeployResult, ok: boolean, back: string): Block[] {
  const { receipts, recorded, kept, offered, verified, verifiedBy, backup, bookmark } = result
  const place = placeOf(result)
  const done = receipts.filter((receipt) => receipt.status === 'done').length
  if (receipts.length === 0 && ok) {
    const nothing = status('done', `${place} is up to date: nothing to deploy`)
    return [...recordedLines(recorded), nothing, ...driftLines(result)]
  }
  return [
    ...(backup ? [status('done', `Backup ${backup.id}`, backupNote(backup))] : []),
    ...recordedLines(recorded),
    ...receiptLines(receipts, 'Applied'),
    ...keptLines(kept),
    ...offeredLines(offered),
    ...driftLines(result),
    ...(bookmark === null || done === 0
      ? []
      : [status('note', `Time Travel bookmark of the state before the deploy: ${bookmark}`, back)]),
    ...(verified && ok ? [status('done', `Verified: ${VERIFIED[verifiedBy ?? 'indexes']}`)] : []),
    paragraph(`Deployed ${done} of ${receipts.length} migrations to ${place}.`),
  ]
}

function backupNote({ bytes, verified }: BackupItem): string {
  return `${formatBytes(bytes)}${verified ? ', verified' : ''}`
}

function driftLines({ driftUnknown, receipts }: DeployResult): Block[] {
  if (driftUnknown === null) return []
  return receipts.length > 0
    ? [status('warning', 'Drift could not be checked before the deploy', driftUnknown)]
    : [status('note', 'Drift was not checked', driftUnknown)]
}
