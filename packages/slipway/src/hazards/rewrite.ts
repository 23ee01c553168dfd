import { applyStatement, type DatabaseSchema } from '../schema/index.ts'
import { isSameObject, type Statement, wantsNoTransaction } from '../statements/index.ts'
import type { Hazard, JudgedMigration } from './hazard.ts'
import { schemaAfterMigration, judgeFrom, schemaAfter } from './judge.ts'
import {
  type Edit,
  identify,
  inLineEnds,
  inOrder,
  type RemainingHazard,
  type RewriteRequest,
  type RewriteResult,
  type ResolvedHazard,
  applyEdits,
} from './rewrite-result.ts'
import { BY_HAND } from './rewrite/by-hand.ts'
import { enumSteps } from './rewrite/enum-step.ts'
import { none } from './rewrite/form.ts'
import {
  rewriteStatement,
  type RewrittenStatement,
  type Verdict,
} from './rewrite/rewrite-statement.ts'
import { noTransactionEdit, whyOneTransaction } from './rewrite/separate-transactions.ts'

/**
 * Rewrites each PostgreSQL migration to its safe form: concurrent index builds, separately validated
 * constraints, keys that use an existing index, and batched updates.
 */
export function rewritePostgres({
  history,
  migrations,
  ...judging
}: RewriteRequest): RewriteResult[] {
  let before = schemaAfter(history, judging.facts)
  return migrations.map((migration) => {
    const rewriting = rewriteOne(migration, { ...judging, before })
    before = schemaAfterMigration(before, migration)
    return rewriting
  })
}

/** The input for rewriting one migration. */
interface Given extends Omit<RewriteRequest, 'history' | 'migrations'> {
  readonly before: DatabaseSchema
}

function rewriteOne(migration: JudgedMigration, given: Given): RewriteResult {
  const hazards = judgeFrom(given.before, { ...given, migrations: [migration] })
  const statements = rewriteStatements(migration, given, hazards)
  const verdicts = statements.flatMap((one) => one.verdicts)
  const moved = enumSteps(migration, hazards)
  const stepped = [...statements.flatMap(editOf), ...moved.flatMap(({ edits }) => edits)].toSorted(
    (one, other) => one.start - other.start,
  )
  const separate =
    verdicts.some(({ form }) => form.kind === 'steps' && form.separateTransactions) ||
    (!hasBegin(migration) && heldLockHazards(migration, stepped, given).length > 0)
  const head = separate && canBeSeparated(migration) ? [noTransactionEdit(migration.sql)] : []
  const edits = inLineEnds([...head, ...stepped], migration.sql)
  const held = heldLockHazards(migration, edits, given)
  const released = lockHazardsOf(hazards).filter((hazard) => !isAmong(hazard, held))
  return {
    sql: applyEdits(migration.sql, edits),
    edits,
    rewritten: [
      ...verdicts.flatMap(rewrittenOf),
      ...released.map(asReleased),
      ...moved.map(({ hazard, done }) => ({ ...identify(hazard), done })),
    ].toSorted(inOrder),
    left: [
      ...verdicts.flatMap(leftOf),
      ...lockHazardsOf(hazards)
        .filter((hazard) => !released.includes(hazard))
        .map(asHeld),
      ...hazards.filter((hazard) => !moved.some((one) => one.hazard === hazard)).flatMap(asByHand),
    ].toSorted(inOrder),
  }
}

interface Placed extends RewrittenStatement {
  readonly statement: Statement
}

function rewriteStatements(
  { name, statements }: JudgedMigration,
  { before }: Given,
  hazards: readonly Hazard[],
): Placed[] {
  const together = whyOneTransaction(statements)
  let schema = before
  let inBlock = false
  return statements.map((statement) => {
    const { role, number } = statement
    if (role.kind === 'begin') inBlock = true
    if (role.kind === 'commit' || role.kind === 'rollback') inBlock = false
    const own = hazards.filter((hazard) => hazard.statement === number)
    const site = { schema, migration: name, hazards: own }
    const rewritten = rewriteStatement(statement, site)
    schema = applyStatement(schema, statement, name)
    const reason = inBlock ? IN_BLOCK : together
    return { statement, ...(reason === undefined ? rewritten : refused(rewritten, reason)) }
  })
}

const IN_BLOCK = 'It is between a BEGIN and a COMMIT of the file. Remove them first.'

function refused({ verdicts, end }: RewrittenStatement, reason: string): RewrittenStatement {
  return { verdicts: verdicts.map(({ hazard }) => ({ hazard, form: none(reason) })), end }
}

function editOf({ statement, steps, end }: Placed): Edit[] {
  return steps === undefined ? [] : [{ start: statement.start, end, text: steps.join(';\n') }]
}

/** Whether the file lacks the no-transaction line, and its statements can run in separate transactions. */
function canBeSeparated({ sql, statements }: JudgedMigration): boolean {
  return !wantsNoTransaction(sql) && whyOneTransaction(statements) === undefined
}

/** Whether the file has a BEGIN. Its block stays one transaction in any case. */
function hasBegin({ statements }: JudgedMigration): boolean {
  return statements.some(({ role }) => role.kind === 'begin')
}

/** The hazards of held locks that remain after these edits. */
function heldLockHazards(
  migration: JudgedMigration,
  edits: readonly Edit[],
  given: Given,
): Hazard[] {
  const sql = applyEdits(migration.sql, edits)
  const statements = given.parser.parse(sql, migration.path)
  return lockHazardsOf(
    judgeFrom(given.before, { ...given, migrations: [{ ...migration, sql, statements }] }),
  )
}

/** The hazards of locks that the transaction still holds. Their safe form is a separate transaction. */
function lockHazardsOf(hazards: readonly Hazard[]): Hazard[] {
  return hazards.filter(({ id }) => id === 'lock-held' || id === 'mixed-backfill')
}

function rewrittenOf({ hazard, form }: Verdict): ResolvedHazard[] {
  return form.kind === 'steps' ? [{ ...identify(hazard), done: form.done }] : []
}

function leftOf({ hazard, form }: Verdict): RemainingHazard[] {
  return form.kind === 'none' ? [{ ...identify(hazard), reason: form.reason }] : []
}

function asReleased(hazard: Hazard): ResolvedHazard {
  const done = 'It is in a transaction of its own, in which no earlier lock is held.'
  return { ...identify(hazard), done }
}

function asHeld(hazard: Hazard): RemainingHazard {
  return { ...identify(hazard), reason: 'The statements of its transaction must stay together.' }
}

function asByHand(hazard: Hazard): RemainingHazard[] {
  const reason = BY_HAND[hazard.id]
  return reason === undefined ? [] : [{ ...identify(hazard), reason }]
}

function isAmong({ id, object }: Hazard, hazards: readonly Hazard[]): boolean {
  return hazards.some((one) => one.id === id && isSameObject(one.object, object))
}
