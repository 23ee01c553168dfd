import { executeLocked, type Session } from '../database/index.ts'
import {
  createHistoryTables,
  refuseForeignObjects,
  requireConsent,
  reviewsOf,
  withTarget,
  toConsentTo,
} from '../deploy/index.ts'
import { type Receipt, replaceDeployCommand, type TargetSession } from '../execution/index.ts'
import {
  checksumRowSql,
  journalClearSql,
  markedRowSql,
  receiptSql,
  rolledBackRowSql,
  keepOneRowSql,
} from '../history/index.ts'
import { assertNever, command, type Failure, failureFrom, must } from '../kernel/index.ts'
import { explainFailure } from '../rollback/index.ts'
import type { Catalog, Change } from '../schema/index.ts'
import { checksum, type Migration, objectKey, objectText } from '../statements/index.ts'
import { chosenDuplicates, chosenEdits, chosenProblem } from './choose-problem.ts'
import type {
  Decision,
  Diagnosis,
  EditedProblem,
  FailedProblem,
  MissingProblem,
} from './diagnosis.ts'
import { findEarlierRepair } from './earlier-repair.ts'
import { type Examination, examineSession } from './examine.ts'
import { raise } from './failures.ts'
import { finish, remainderOf } from './finish.ts'
import type { RepairRun, ReviewOf } from './keeping.ts'
import { decisionArgs } from './offers.ts'
import type { PartialMigration } from './partial-migration.ts'
import type { RepairRequest } from './request.ts'
import { undo, planUndo } from './undo.ts'
import { type RepairVerification, verifyRepair } from './verify-repair.ts'

/** What a repair did. `failure` is set if it did not complete. */
export interface RepairOutcome extends RepairVerification {
  readonly database: string
  /** What was found before the repair. */
  readonly diagnosis: Diagnosis
  readonly decision: Decision
  /** The receipts of the SQL that was run. */
  readonly receipts: readonly Receipt[]
  /** The migration that an earlier repair settled with the same decision; nothing was run again. */
  readonly settledBefore?: string
  readonly failure?: Failure
}

/**
 * Carries out a person's decision about a problem of a target: examines the target again under the lock of the
 * database, announces the diagnosis, acts, and compares the result. It never resets, and does not repeat what an
 * earlier repair did. Fails with REPAIR.NOT_OFFERED if the decision does not fit.
 */
export async function repair(request: RepairRequest, decision: Decision): Promise<RepairOutcome> {
  return await withTarget(request, async (session, target) => {
    const examination = await examineSession(session, request)
    const { diagnosis } = examination
    request.announce?.(diagnosis)
    const before = await findEarlierRepair(session, examination, decision)
    if (before !== undefined) {
      const settled = await verifyRepair(session, request)
      const nothing = { receipts: [], settledBefore: before }
      return { database: diagnosis.database, diagnosis, decision, ...nothing, ...settled }
    }
    const done = await executeDecision({ session, target, examination, request }, decision)
    return { database: diagnosis.database, diagnosis, decision, ...done }
  })
}

/** What acting on a decision needs. */
interface RepairContext {
  readonly session: Session
  readonly target: TargetSession
  readonly examination: Examination
  readonly request: RepairRequest
}

type ActionResult = Pick<RepairOutcome, 'receipts' | 'verified' | 'changes' | 'failure'>

async function executeDecision(scene: RepairContext, decision: Decision): Promise<ActionResult> {
  const { diagnosis } = scene.examination
  switch (decision.kind) {
    case 'finish': {
      const partial = partialOf(scene, chosenProblem(diagnosis, decision, ['failed']).migration)
      const remainder = remainderOf(partial, decision.from)
      if (partial.direction === 'down')
        await refuseForeignObjects(scene.session, [partial.plan], scene.request)
      await consentTo(scene, remainder.rest, decision)
      const review = reviewOf(scene, remainder.rest, decision)
      return await resultOfRun(scene, await finish(scene.target, partial, remainder, review), {
        decision,
        partial,
        expected: partial.goal,
      })
    }
    case 'undo': {
      const partial = partialOf(scene, chosenProblem(diagnosis, decision, ['failed']).migration)
      const undoPlan = await planUndo(partial, scene.target.session)
      await consentTo(scene, undoPlan.plan, decision)
      const review = reviewOf(scene, undoPlan.plan, decision)
      return await resultOfRun(scene, await undo(scene.target, partial, undoPlan, review), {
        decision,
        partial,
        expected: partial.start,
      })
    }
    case 'mark-applied':
      return await markApplied(scene, chosenProblem(diagnosis, decision, ['failed']))
    case 'mark-rolled-back': {
      const { migration } = chosenProblem(diagnosis, decision, ['failed', 'missing'])
      return await mark(scene, migration, rolledBackRowSql(scene.session, migration))
    }
    case 'accept-edit':
      return await acceptEdits(scene, chosenEdits(diagnosis, decision))
    case 'keep-one-row':
      return await keepOneRow(scene, chosenDuplicates(diagnosis, decision))
    default:
      return assertNever(decision)
  }
}

function partialOf({ examination }: RepairContext, migration: string): PartialMigration {
  const partial = examination.partials.get(migration)
  if (partial) return partial
  return raise('REPAIR.NOT_OFFERED', {
    message: `${migration} could not be examined, so it can only be marked.`,
    nextActions: [command(['repair'], 'see why')],
  })
}

/** Asks for consent before the first change (guarantee 7), and creates the ledger. */
async function consentTo(
  { session, request }: RepairContext,
  migration: Pick<Migration, 'name' | 'statements'>,
  decision: Decision,
): Promise<void> {
  const { database, alias, schema } = session.server
  const destroys = toConsentTo([migration], schema)
  const question = { database, alias, destroys, command: ['repair', ...decisionArgs(decision)] }
  if (request.protected && destroys.length > 0) await requireConsent(question, request.consent)
  await createHistoryTables(session, request)
}

/** The reviews that judge the SQL of a repair by its effects. */
function reviewOf(
  { session, request }: RepairContext,
  migration: Pick<Migration, 'name' | 'statements'>,
  decision: Decision,
): ReviewOf {
  const { database, schema: defaultSchema } = session.server
  const again = ['repair', ...decisionArgs(decision)]
  const accepted = request.acceptUnannounced ? ['unannounced'] : []
  return (restored) =>
    request.protected
      ? reviewsOf([migration], { database, defaultSchema, restored, command: again, accepted })(
          migration,
        )
      : undefined
}

async function resultOfRun(
  scene: RepairContext,
  run: RepairRun,
  {
    decision,
    partial,
    expected,
  }: {
    readonly decision: Decision
    readonly partial: PartialMigration
    readonly expected: Catalog | undefined
  },
): Promise<ActionResult> {
  const { receipts, failure, stillKept } = run
  if (failure)
    return { receipts, verified: false, changes: [], failure: asRepair(failure, decision) }
  const settled = await verifyRepair(scene.session, scene.request, expected)
  const known = new Set(
    partial.beside.map(({ change, object }) => `${change} ${objectKey(object)}`),
  )
  const news = settled.changes.filter(
    ({ change, object }) => !known.has(`${change} ${objectKey(object)}`),
  )
  const differs = news.length > 0 ? notRestored(news) : stillKept
  return { receipts, ...settled, ...(differs ? { failure: differs } : {}) }
}

/** The failure as one of the repair. A failed statement leaves the migration failed, where it was or further on. */
function asRepair(failure: Failure, decision: Decision): Failure {
  const again = ['repair', ...decisionArgs(decision)]
  const statement = [
    'DEPLOY.STATEMENT_FAILED',
    'DEPLOY.STATEMENT_TIMEOUT',
    'DEPLOY.INCOMPLETE',
  ].includes(failure.code)
  if (!statement)
    return { ...failure, nextActions: replaceDeployCommand(again, failure.nextActions) }
  const { message, why, nextActions } = explainFailure(failure, [])
  const [fill] = nextActions.filter((one) => one.kind === 'slipway' && one.args.includes('--fill'))
  return {
    ...failure,
    code: 'REPAIR.STATEMENT_FAILED',
    message,
    ...(why === undefined ? {} : { why }),
    nextActions: [
      // A rollback continues where this one stopped.
      ...(fill && decision.kind === 'finish' ? [fill] : []),
      command(['repair'], 'see the state of the database'),
    ],
  }
}

function notRestored(changes: readonly Change[]): Failure {
  const names = changes.slice(0, 5).map(({ object }) => objectText(object))
  return failureFrom('REPAIR.NOT_RESTORED', {
    message: `The repair ran, but the database differs from the expected state in ${names.join(', ')}.`,
    nextActions: [command(['drift'], 'show the differences, with the SQL that corrects them')],
  })
}

async function markApplied(
  scene: RepairContext,
  { migration }: FailedProblem | MissingProblem,
): Promise<ActionResult> {
  const { session, examination, request } = scene
  const file = request.migrations.find(({ name }) => name === migration)
  const row = must(
    examination.history.rows.findLast((one) => one.migration === migration),
    `history row of ${migration}`,
  )
  const recorded = file ? checksum(file.sql) : (row.checksum ?? '')
  // Like Prisma: the failed row is marked as rolled back, and a new one is added.
  return await mark(
    scene,
    migration,
    rolledBackRowSql(session, migration) + markedRowSql(session, migration, recorded),
  )
}

async function mark(scene: RepairContext, migration: string, rows: string): Promise<ActionResult> {
  const { session, request } = scene
  await createHistoryTables(session, request)
  await executeLocked(
    session,
    rows +
      receiptSql(session, { command: 'repair', migration, attempts: 1 }) +
      journalClearSql(session, migration),
  )
  return { receipts: [], ...(await verifyRepair(session, request)) }
}

async function keepOneRow(
  scene: RepairContext,
  migrations: readonly string[],
): Promise<ActionResult> {
  const { session, request } = scene
  await createHistoryTables(session, request)
  const rows = migrations.map((name) => {
    const file = request.migrations.find((one) => one.name === name)
    return (
      keepOneRowSql(session, name, file ? checksum(file.sql) : '') +
      receiptSql(session, { command: 'repair', migration: name, attempts: 1 })
    )
  })
  await executeLocked(session, rows.join(''))
  return { receipts: [], ...(await verifyRepair(session, request)) }
}

async function acceptEdits(
  scene: RepairContext,
  edits: readonly EditedProblem[],
): Promise<ActionResult> {
  const { session, request } = scene
  await createHistoryTables(session, request)
  const rows = edits.map(({ migration }) => {
    const file = must(
      request.migrations.find(({ name }) => name === migration),
      `migration ${migration}`,
    )
    return (
      checksumRowSql(session, migration, checksum(file.sql)) +
      receiptSql(session, { command: 'repair', migration, attempts: 1 })
    )
  })
  await executeLocked(session, rows.join(''))
  return { receipts: [], ...(await verifyRepair(session, request)) }
}
