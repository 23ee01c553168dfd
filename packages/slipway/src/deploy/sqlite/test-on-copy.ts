import type { Session } from '../../database/index.ts'
import { atomicScriptOf, dropTemporarySql } from '../../execution/index.ts'
import { failureFrom, failureOf, type NextAction, rethrow } from '../../kernel/index.ts'
import {
  readRestorePlace,
  readTriggeredTables,
  type RestorePlace,
} from '../../safekeeping/index.ts'
import {
  type Fingerprint,
  isOnRows,
  isSameName,
  observeWrites,
  readFingerprint,
  readRowTables,
  readUncheckedTables,
  readVirtualRows,
  type RowTable,
  type TableChange,
  tableChanges,
  type WrittenTables,
} from '../../schema/index.ts'
import {
  type Action,
  type Migration,
  placeAt,
  sqliteNameKey,
  type Statement,
} from '../../statements/index.ts'
import { mayChangeRows } from './endangered.ts'

/** A migration, and how it changes the schema of a database. */
export interface TestedMigration {
  readonly migration: Migration
  /** SQL that drops the temporary objects that it leaves. */
  readonly drops: readonly string[]
  /** The changes of existing tables; empty if no row can change. */
  readonly changes: readonly TableChange[]
  /** The tables that it can write; none if no row can change. */
  readonly written: WrittenTables
  /** Virtual tables whose rows triggers may change, and that a restore of other tables does not bring up to date. */
  readonly triggered: readonly string[]
  /** Tables whose foreign keys SQLite cannot check, before or after the migration. */
  readonly unchecked: readonly string[]
  /** What a restore must know about the database after the migration; absent if none can follow. */
  readonly place?: RestorePlace
}

/** Migrations that ran on a copy of a schema, and the resulting schema. */
export interface CopyRun {
  readonly tested: readonly TestedMigration[]
  readonly fingerprint: Fingerprint
}

/** A migration that runs, and what to correct if it fails; its file if absent. */
export interface CorrectableRun {
  readonly migration: Migration
  readonly correct?: NextAction | undefined
}

interface TestOptions {
  /** Kept data will be restored. */
  readonly restores?: boolean
  readonly correct?: (migration: Migration) => NextAction
}

/**
 * Runs migrations one after the other on a copy of a schema, to learn how they change it before the database
 * itself is touched. The copy has no rows, so statements that change rows are only compiled. Fails with
 * DEPLOY.STATEMENT_FAILED, with the place of the statement.
 */
export async function testOnCopy(
  copy: Session,
  migrations: readonly Migration[],
  { restores = false, correct }: TestOptions = {},
): Promise<CopyRun> {
  const tested: TestedMigration[] = []
  for (const migration of migrations) {
    // A migration that changes no rows needs no comparison.
    const changesRows = restores || mayChangeRows(migration)
    const before = changesRows ? await readRowTables(copy) : []
    const moves = migration.statements.some(({ actions }) => actions.some(movesTable))
    const virtual = changesRows || moves ? await readVirtualRows(copy) : []
    const { statements, foreignKeys } = atomicScriptOf(migration)
    await copy.execute(`PRAGMA foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`)
    const unchecked = foreignKeys ? [] : await readUncheckedTables(copy)
    const triggeredBefore = changesRows ? await readTriggeredTables(copy, virtual) : []
    const writes = changesRows ? await observeWrites(copy, foreignKeys) : undefined
    for (const statement of statements) {
      await writes?.observe(statement)
      await runOnCopy(copy, { migration, correct: correct?.(migration) }, statement)
    }
    const drops = await dropTemporarySql(copy)
    for (const sql of drops) await copy.execute(sql)
    const ordinary = changesRows
      ? tableChanges(before, await readRowTables(copy), migration.statements)
      : []
    const changes = [...ordinary, ...(await virtualChanges(copy, virtual, migration))]
    const place = restores ? { place: await readRestorePlace(copy) } : {}
    const written = (await writes?.written(changes)) ?? NOTHING_WRITTEN
    const triggeredAfter = changesRows ? await readTriggeredTables(copy, virtual) : []
    const triggered = [...triggeredBefore, ...triggeredAfter]
      .filter(({ by }) => isWritten(by, migration, written))
      .map((one) => one.virtual)
    if (!foreignKeys) unchecked.push(...(await readUncheckedTables(copy)))
    tested.push({ migration, drops, changes, written, triggered, unchecked, ...place })
  }
  return { tested, fingerprint: await readFingerprint(copy) }
}

/** Whether a migration writes a table, or names a view in a statement. */
function isWritten(name: string, { statements }: Migration, { any }: WrittenTables): boolean {
  return (
    any.has(sqliteNameKey(name)) ||
    statements.some(({ actions }) =>
      actions.some((one) => 'table' in one && one.table && isSameName(one.table.name, name)),
    )
  )
}

const NOTHING_WRITTEN: WrittenTables = {
  any: new Set(),
  unnamed: new Set(),
  removed: new Set(),
  freed: new Set(),
  rekeyed: new Set(),
}

/** Whether an action gives a table another name, or makes it go. */
function movesTable(action: Action): boolean {
  return (action.kind === 'rename' || action.kind === 'drop') && action.of === 'table'
}

/**
 * Virtual tables are identified only by name: one that is dropped, renamed or recreated counts as dropped.
 */
async function virtualChanges(
  copy: Session,
  before: readonly RowTable[],
  { statements }: Migration,
): Promise<TableChange[]> {
  const after = before.length === 0 ? [] : await readVirtualRows(copy)
  const gone = statements
    .flatMap(({ actions }) => actions)
    .flatMap((action) => {
      if (action.kind === 'drop' && action.of === 'table') return [action.object.name]
      return action.kind === 'rename' && action.of === 'table' ? [action.from] : []
    })
  return before.flatMap((table): TableChange[] => {
    const isGone = gone.some((name) => isSameName(name, table.name))
    const lasting = isGone ? undefined : after.find(({ name }) => name === table.name)
    const columns = table.columns.map(({ name }) => {
      const there = lasting?.columns.some((one) => one.name === name)
      return { before: name, ...(there ? { after: name } : {}), exact: true }
    })
    return [{ before: table, ...(lasting ? { after: lasting } : {}), columns, rebuilt: false }]
  })
}

async function runOnCopy(copy: Session, run: CorrectableRun, statement: Statement): Promise<void> {
  const { text, actions } = statement
  try {
    if (actions.every(isOnRows)) await copy.query(`EXPLAIN ${text}`)
    else await copy.execute(text)
  } catch (error) {
    rethrow(refusedStatement(run, statement, error))
  }
}

/**
 * The failure of a refused statement, with its position in the file. Errors that are not failures are
 * rethrown.
 */
export function refusedStatement(
  { migration, correct }: CorrectableRun,
  statement: Statement | undefined,
  error: unknown,
) {
  const failure = failureOf(error)
  if (failure?.sqlite === undefined) throw error
  const total = migration.statements.length
  const which = statement ? `statement ${statement.number} of ${total}` : 'a statement'
  return failureFrom('DEPLOY.STATEMENT_FAILED', {
    message: `${migration.name} failed at ${which}: ${failure.sqlite.message}.`,
    why: 'It runs as one transaction, which was rolled back: the database is as it was before.',
    nextActions: [
      correct ?? { kind: 'edit', path: migration.path, label: 'correct the migration' },
    ],
    ...(statement ? { where: placeAt(migration.sql, statement.start, migration.path) } : {}),
    sqlite: failure.sqlite,
  })
}
