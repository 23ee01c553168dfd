import type { RollbackResult } from '../../app/index.ts'
import { announcementText } from '../../rollback/index.ts'
import type { Handler } from '../command.ts'
import { restoredLines } from '../kept-view.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { receiptLines } from '../receipts-view.ts'
import { type Block, paragraph, sql, status } from '../view.ts'
import { exitCodeOfWork } from '../work-exit-code.ts'

export const rollback: Handler = async ({ slipway, confirm }, { flags }) => {
  const outcome = await slipway.rollback({
    steps: flags.number('steps'),
    to: flags.text('to'),
    accept: flags.list('accept'),
    fill: flags.list('fill'),
    fromBackup: flags.on('from-backup'),
    fromBookmark: flags.on('from-bookmark'),
    identity: flags.text('identity'),
    confirm,
  })
  return presentOutcome(outcome, (result) => view(result, outcome.ok), exitCodeOfWork(outcome))
}

function view(result: RollbackResult, ok: boolean): Block[] {
  const { downMigrations, receipts, kept, testRun, schemaMatches, backup, timeTravel } = result
  const place = placeOf(result)
  if (backup) return [status('done', `Restored ${backup.id} into ${place}`)]
  if (timeTravel) {
    const { undone, bookmark } = timeTravel
    const text = `Restored ${place} to its state before ${undone.join(', ')}`
    return [status(ok ? 'done' : 'warning', text, `bookmark ${bookmark}`)]
  }
  const done = receipts.filter((receipt) => receipt.status === 'done').length
  return [
    ...downMigrations.flatMap(({ migration, sql: text }) =>
      text === null
        ? []
        : [
            paragraph(
              `${migration} has no down.sql. Slipway generated this down migration for the rollback only:`,
            ),
            sql(text),
          ],
    ),
    ...receiptLines(receipts, 'Rolled back'),
    ...restoredLines(kept),
    ...downMigrations.flatMap(({ migration, announced }) =>
      announced
        // Restored data has its own line.
        .filter((one) => !(done === receipts.length && one.kind === 'loss' && one.kept))
        .map((one) =>
          status(
            one.kind === 'loss' && one.kept ? 'note' : 'warning',
            announcementText(one),
            migration,
          ),
        ),
    ),
    ...(ok && schemaMatches
      ? [status('done', 'Verified: the schema matches the remaining history')]
      : []),
    ...(ok && done > 0 && schemaMatches === null
      ? [status('warning', 'The schema was not compared with the remaining history')]
      : []),
    ...(testRun.kind === 'not-tested' && downMigrations.length > 0
      ? [status('warning', 'Not tested on a shadow database', testRun.reason)]
      : []),
    paragraph(`Rolled back ${done} of ${receipts.length} migrations on ${place}.`),
  ]
}
