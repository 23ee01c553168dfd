import type { Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import {
  type Change,
  differingObjects,
  invertedChanges,
  readSqliteState,
  type SchemaScript,
  sqliteScriptBetween,
  type SqliteState,
  tableChanges,
} from '../../schema/index.ts'
import { replay, withShadowDatabase } from '../../shadow/index.ts'
import {
  type Migration,
  type MigrationFile,
  parseMigration,
  parserFor,
} from '../../statements/index.ts'
import { downBody, downHeader, type DownParts, type Grade } from '../down-file.ts'
import type { DownMigration, WriteDownMigrationOptions } from '../down-migration.ts'
import { deletesOfSqliteRows } from './inserted-rows.ts'
import { sqliteLossesOf } from './losses.ts'

/**
 * Writes the down migration of a SQLite migration from the states before and after it, and proves it on the
 * shadow database. Tables and columns keep their identity through renames and rebuilds. Fails with
 * SHADOW.REPLAY_FAILED if the history or the migration does not run on a shadow database.
 */
export async function writeSqliteDownMigration({
  shadow,
  before,
  migration,
}: WriteDownMigrationOptions): Promise<DownMigration> {
  return await withShadowDatabase(shadow, before, (session) =>
    sqliteDownMigrationOn(session, migration),
  )
}

/**
 * Like `writeSqliteDownMigration`, on an open shadow database in the state before the migration. A proven
 * down migration leaves it in that state.
 */
export async function sqliteDownMigrationOn(
  session: Session,
  migration: MigrationFile,
): Promise<DownMigration> {
  const before = await readSqliteState(session)
  const parsed = parseMigration(migration, await parserFor('sqlite'))
  await replay(session, [parsed])
  const draft = await draftSqliteDownMigration(session, { before, migration: parsed })
  const { parts, body } = draft
  const outcome =
    draft.obstacle === undefined
      ? await runDown(session, before, { name: `${migration.name}/down.sql`, sql: body })
      : { notRestored: [], obstacle: draft.obstacle }
  const { notRestored, obstacle } = outcome
  const { choices, losses, deletes, statements } = parts
  const proven = obstacle === undefined && notRestored.length === 0
  const grade = gradeWithoutRows(outcome, losses.length > 0)
  return {
    sql: [downHeader(parts, { grade, notRestored, obstacle }), body].filter(Boolean).join('\n'),
    statements: deletes.length + statements.length,
    choices,
    losses,
    proven,
    notRestored,
    ...(grade === undefined ? {} : { grade }),
  }
}

/** A down migration before it was run. */
export interface SqliteDraft {
  readonly parts: DownParts
  readonly body: string
  /** Why no down migration could be written. */
  readonly obstacle?: string
}

/**
 * Writes the down migration on a shadow database where the migration has just run, and leaves that unchanged.
 */
export async function draftSqliteDownMigration(
  session: Session,
  { before, migration }: { readonly before: SqliteState; readonly migration: Migration },
): Promise<SqliteDraft> {
  const { statements } = migration
  const after = await readSqliteState(session)
  const changes = tableChanges(before.tables, after.tables, statements)
  const losses = sqliteLossesOf({ before, changes, statements })
  const script = await attempt(() => sqliteScriptBetween(after, before, invertedChanges(changes)))
  const { statements: inverse, choices: open }: SchemaScript = script.ok
    ? script.value
    : { statements: [], choices: [] }
  const run = { statements, before, after, changes }
  const { deletes, choices: stays } = await deletesOfSqliteRows(session, run)
  const choices = [...stays, ...open]
  const parts = { migration, deletes, renames: [], statements: inverse, losses, choices }
  if (!script.ok) {
    const { why, message } = script.failure
    return { parts, body: '', obstacle: why ?? message }
  }
  return { parts, body: downBody(parts, (sql) => sql) }
}

interface RunOutcome {
  readonly notRestored: readonly Change[]
  readonly obstacle?: string
}

async function runDown(
  session: Session,
  before: SqliteState,
  down: MigrationFile,
): Promise<RunOutcome> {
  const run = await attempt(() => replay(session, [down]))
  if (!run.ok) {
    const { sqlite, message } = run.failure
    return { notRestored: [], obstacle: sqlite?.message ?? message }
  }
  const { fingerprint } = await readSqliteState(session)
  return { notRestored: differingObjects(before.fingerprint, fingerprint) }
}

function gradeWithoutRows(
  { obstacle, notRestored }: RunOutcome,
  isLossy: boolean,
): Grade | undefined {
  if (obstacle !== undefined) return 'irreversible'
  if (notRestored.length > 0) return undefined
  // This run had no rows, so it does not prove `lossless`.
  return isLossy ? 'lossy' : 'not proven'
}
