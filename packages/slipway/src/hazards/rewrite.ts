import { applyStatement, type DatabaseSchema } from '../schema/index.ts'
import { isSameObject, type Statement, wantsNoTransaction } from '../statements/index.ts'
import type { Hazard, JudgedMigration } from './hazard.ts'
import { folded, judgeFrom, schemaAfter } from './judge.ts'
import { apartEdit, whyTogether } from './rewrite/apart.ts'
import { BY_HAND } from './rewrite/by-hand.ts'
import { enumSteps } from './rewrite/enum-step.ts'
import { none } from './rewrite/form.ts'
import {
  rewriteStatement,
  type RewrittenStatement,
  type Verdict,
} from './rewrite/rewrite-statement.ts'
import {
  type Edit,
  identify,
  inLineEnds,
  inOrder,
  type LeftHazard,
  type RewriteRequest,
  type Rewriting,
  type RewrittenHazard,
  spliced,
} from './rewriting.ts'

/**
 * Rewrites each PostgreSQL migration to its safe form: concurrent index builds, separately validated
 * constraints, keys that use an existing index, and batched updates.
 */
export function rewritePostgres({ history, migrations, ...judging }: RewriteRequest): Rewriting[] {
  let before = schemaAfter(history, judging.facts)
  return migrations.map((migration) => {
    const rewriting = rewriteOne(migration, { ...judging, before })
    before = folded(before, migration)
    return rewriting
  })
}

/** The input for rewriting one migration. */
interface Given extends Omit<RewriteRequest, 'history' | 'migrations'> {
  readonly before: DatabaseSchema
}

function rewriteOne(migration: JudgedMigration, given: Given): Rewriting {
  const hazards = judgeFrom(given.before, { ...given, migrations: [migration] })
  const statements = rewriteStatements(migration, given, hazards)
  const verdicts = statements.flatMap((one) => one.verdicts)
  const moved = enumSteps(migration, hazards)
  const stepped = [...statements.flatMap(editOf), ...moved.flatMap(({ edits }) => edits)].toSorted(
    (one, other) => one.start - other.start,
  )
  const apart =
    verdicts.some(({ form }) => form.kind === 'steps' && form.apart) ||
    heldIn(migration, stepped, given).length > 0
  const head = apart && mayBeApart(migration) ? [apartEdit(migration.sql)] : []
  const edits = inLineEnds([...head, ...stepped], migration.sql)
  const held = heldIn(migration, edits, given)
  const letGo = ofLocks(hazards).filter((hazard) => !isAmong(hazard, held))
  return {
    sql: spliced(migration.sql, edits),
    edits,
    rewritten: [
      ...verdicts.flatMap(rewrittenOf),
      ...letGo.map(asLetGo),
      ...moved.map(({ hazard, done }) => ({ ...identify(hazard), done })),
    ].toSorted(inOrder),
    left: [
      ...verdicts.flatMap(leftOf),
      ...ofLocks(hazards)
        .filter((hazard) => !letGo.includes(hazard))
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
  const together = whyTogether(statements)
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
function mayBeApart({ sql, statements }: JudgedMigration): boolean {
  if (wantsNoTransaction(sql) || whyTogether(statements) !== undefined) return false
  return !statements.some(({ role }) => role.kind === 'begin')
}

/** The hazards of held locks that remain after these edits. */
function heldIn(migration: JudgedMigration, edits: readonly Edit[], given: Given): Hazard[] {
  const sql = spliced(migration.sql, edits)
  const statements = given.parser.parse(sql, migration.path)
  return ofLocks(
    judgeFrom(given.before, { ...given, migrations: [{ ...migration, sql, statements }] }),
  )
}

/** The hazards of locks that the transaction still holds. Their safe form is a separate transaction. */
function ofLocks(hazards: readonly Hazard[]): Hazard[] {
  return hazards.filter(({ id }) => id === 'lock-held' || id === 'mixed-backfill')
}

function rewrittenOf({ hazard, form }: Verdict): RewrittenHazard[] {
  return form.kind === 'steps' ? [{ ...identify(hazard), done: form.done }] : []
}

function leftOf({ hazard, form }: Verdict): LeftHazard[] {
  return form.kind === 'none' ? [{ ...identify(hazard), reason: form.reason }] : []
}

function asLetGo(hazard: Hazard): RewrittenHazard {
  const done = 'It is in a transaction of its own, in which no earlier lock is held.'
  return { ...identify(hazard), done }
}

function asHeld(hazard: Hazard): LeftHazard {
  return { ...identify(hazard), reason: 'The statements of its transaction must stay together.' }
}

function asByHand(hazard: Hazard): LeftHazard[] {
  const reason = BY_HAND[hazard.id]
  return reason === undefined ? [] : [{ ...identify(hazard), reason }]
}

function isAmong({ id, object }: Hazard, hazards: readonly Hazard[]): boolean {
  return hazards.some((one) => one.id === id && isSameObject(one.object, object))
}
