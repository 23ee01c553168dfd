import type { Recorded } from '../deploy/index.ts'
import type { Receipt } from '../execution/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { type Block, status } from './view.ts'

/** A first deploy can have a thousand migrations. The JSON contains all of their receipts. */
const MAX_STEPS_SHOWN = 30

/** Receipts, one line each; the first ones of a long run are summarized in one line. */
export function receiptLines(
  receipts: readonly Receipt[],
  done: 'Applied' | 'Rolled back',
): Block[] {
  const first = receipts.findIndex((receipt) => receipt.status !== 'done')
  const finished = first === -1 ? receipts.length : first
  const hidden = Math.max(finished - MAX_STEPS_SHOWN, 0)
  const summary = hidden > 0 ? [status('done', `${done} ${hidden} migrations before these`)] : []
  return [...summary, ...receipts.slice(hidden).map((receipt) => receiptLine(receipt, done))]
}

/** Squashes that were recorded without running. */
export function recordedLines(recorded: readonly Recorded[]): Block[] {
  return recorded.map(({ migration, replaces }) =>
    status('done', `Recorded ${migration}`, `not run: ${replacedBySquash(replaces)} applied here`),
  )
}

/** The number of migrations that a squash replaces, with the verb. */
export function replacedBySquash(replaces: readonly string[]): string {
  return replaces.length === 1
    ? 'the migration that it replaces is'
    : `the ${replaces.length} migrations that it replaces are`
}

function receiptLine(
  { status: outcome, migration, ms, attempts, lockWaitMs, statements }: Receipt,
  done: string,
): Block {
  switch (outcome) {
    case 'done': {
      const waited =
        attempts > 1
          ? `, ${attempts} attempts, ${formatDuration(lockWaitMs)} waiting for locks`
          : ''
      return status('done', `${done} ${migration}`, `${formatDuration(ms)}${waited}`)
    }
    case 'failed': {
      const failed = statements.find((statement) => statement.status === 'failed')
      const place = failed
        ? `statement ${failed.statement} of ${statements.length}, line ${failed.line}`
        : undefined
      return status('failed', `Failed ${migration}`, place)
    }
    case 'not-run':
      return status('pending', `Not run ${migration}`)
  }
}
