import { assertNever, command } from '../../kernel/index.ts'
import {
  type Announcement,
  type Extent,
  rollback as run,
  type RollbackOutcome,
  type PreparedDown,
} from '../../rollback/index.ts'
import { choiceText } from '../../schema/index.ts'
import { destructionText } from '../../statements/index.ts'
import { refuseUnknownAccepts } from '../accept.ts'
import { type Context, type Handler, report } from '../command.ts'
import { failedWork } from '../failed-work.ts'
import type { Flags } from '../flags.ts'
import { keptResult, restoredLines } from '../kept-view.ts'
import { receiptLines } from '../receipts-view.ts'
import { type Block, paragraph, sql, status } from '../view.ts'
import { consentOf, placeOf, readWork, requirePolicyConsent, workRequest } from '../work.ts'

export const rollback: Handler = async (context, { flags }) => {
  const accepted = flags.list('accept')
  refuseUnknownAccepts(accepted, ['unproven'])
  const work = await readWork(context, { downMigrations: true })
  await requirePolicyConsent(context, work)
  const outcome = await run({
    ...(await workRequest(context, work)),
    migrations: work.migrations,
    extent: extentOf(flags),
    consent: consentOf(context),
    acceptUnproven: accepted.includes('unproven'),
    announce: (downs) => announce(downs, context),
  })
  const { database, receipts, testRun, verification, failure } = outcome
  const downMigrations = outcome.downs.map(({ plan, origin, announced }) => ({
    migration: plan.name,
    origin,
    announced,
  }))
  const verified = verification?.verified ?? null
  const result = {
    environment: work.target.environment,
    database,
    receipts,
    backup: null,
    kept: outcome.kept.map(keptResult),
    verified,
    testRun,
    downMigrations,
  }
  const next = [command(['deploy'], 'apply them again')]
  return report(
    result,
    view(outcome, placeOf(work, database)),
    failure ? failedWork(outcome) : { next },
  )
}

function extentOf(flags: Flags): Extent {
  const migration = flags.text('to')
  return migration === undefined
    ? { kind: 'steps', steps: flags.number('steps') ?? 1 }
    : { kind: 'to', migration }
}

/** What the down migrations cannot promise, said before they run. */
function announce(ways: readonly PreparedDown[], { emit }: Context): void {
  for (const { plan, announced } of ways) {
    for (const one of announced)
      emit({ kind: 'notice', message: `${plan.name}: ${announcementText(one)}` })
  }
}

function announcementText(one: Announcement): string {
  switch (one.kind) {
    case 'stale':
      return 'stale: migration.sql was edited after this down migration was written'
    case 'loss':
      return `${one.kept ? 'lossless (kept)' : 'lossy'}: ${destructionText(one.loss)}`
    case 'choice':
      return `choice: ${choiceText(one)}`
    case 'irreversible':
      return `irreversible: ${one.reason}`
    case 'rows':
      return `rows: what statement ${one.statements.join(', ')} wrote stays as it is`
    case 'note':
      return `${one.word}: ${one.text}`
    default:
      return assertNever(one)
  }
}

function view(outcome: RollbackOutcome, place: string): Block[] {
  const { downs, receipts, kept, testRun, failure } = outcome
  const done = receipts.filter((receipt) => receipt.status === 'done').length
  return [
    ...downs
      .filter(({ origin }) => origin === 'written')
      .flatMap(({ plan, sql: text }) => [
        paragraph(`${plan.name} has no down.sql. This down migration was written:`),
        sql(text),
      ]),
    ...receiptLines(receipts, 'Rolled back'),
    ...restoredLines(kept),
    ...downs.flatMap(({ plan, announced }) =>
      announced.map((one) =>
        status(
          one.kind === 'loss' && one.kept ? 'note' : 'warning',
          announcementText(one),
          plan.name,
        ),
      ),
    ),
    ...(testRun.kind === 'proven' && !failure
      ? [status('done', 'The schema matches the remaining history')]
      : []),
    ...(testRun.kind === 'not-tested'
      ? [status('warning', 'Not tested on a shadow database', testRun.reason)]
      : []),
    paragraph(`${done} of ${receipts.length} migrations rolled back on ${place}.`),
  ]
}
