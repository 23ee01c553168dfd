import type { AtomicSession } from '../../database/index.ts'
import { testOnCopy, type TestedMigration } from '../../deploy/index.ts'
import { atomicScriptOf } from '../../execution/index.ts'
import { attempt, must } from '../../kernel/index.ts'
import { changesValues, type SqliteKept } from '../../safekeeping/index.ts'
import {
  isSameName,
  readSqliteForeignKeys,
  readSqliteState,
  type SqliteForeignKey,
  sqliteScriptBetween,
  type SqliteState,
  withSchemaCopy,
} from '../../schema/index.ts'
import {
  type Migration,
  parseMigration,
  parserFor,
  relaxedSqlite,
  type Statement,
} from '../../statements/index.ts'

/** A down migration that creates constraints on kept values only after these values are restored. */
export interface RelaxedDown {
  /** Without these constraints. */
  readonly tested: TestedMigration
  /** SQL that creates them. */
  readonly constraintsSql: string
}

/**
 * Relaxes a down migration that fails because current values violate constraints, which the kept values satisfy.
 * Undefined if it creates no such constraint, or cannot run without.
 */
export async function relaxDown(
  session: AtomicSession,
  migration: Migration,
  restored: readonly SqliteKept[],
): Promise<RelaxedDown | undefined> {
  const parser = await parserFor('sqlite')
  const relaxed = parseMigration(
    { ...textOf(migration), sql: relaxedSql(migration, restored) },
    parser,
  )
  if (relaxed.sql === migration.sql) return undefined
  const strict = await runOnCopy(session, migration)
  // A statement may need a constraint: ON CONFLICT (email).
  const run = await attempt(() => runOnCopy(session, relaxed))
  if (!run.ok) return undefined
  const { state, tested } = run.value
  const changes = strict.state.tables.map((after) => ({
    before: must(
      state.tables.find(({ name }) => name === after.name),
      'table of the relaxed down migration',
    ),
    after,
    columns: after.columns.map(({ name }) => ({ before: name, after: name, exact: true })),
    rebuilt: false,
  }))
  const { statements } = await sqliteScriptBetween(state, strict.state, changes)
  const sql = statements.map((one) => `${one.sql};\n`).join('')
  const constraints = parseMigration({ name: migration.name, sql }, parser)
  const { script, foreignKeys } = atomicScriptOf(constraints)
  // With foreign keys, replacing a table would delete the rows that refer to it.
  const deletes =
    !foreignKeys && atomicScriptOf(relaxed).foreignKeys && dropsReferenced(constraints, strict)
  return deletes ? undefined : { tested, constraintsSql: script }
}

/** Whether a migration drops a table to which a foreign key refers. */
function dropsReferenced({ statements }: Migration, { foreignKeys }: CopyOutcome): boolean {
  return statements.some(({ actions }) =>
    actions.some(
      (one) =>
        one.kind === 'drop' &&
        one.of === 'table' &&
        foreignKeys.some(({ parent }) => isSameName(parent, one.object.name)),
    ),
  )
}

function textOf({ name, path }: Migration) {
  return { name, path }
}

/** A migration that ran on a copy of a schema, and the result. */
interface CopyOutcome {
  readonly tested: TestedMigration
  readonly state: SqliteState
  readonly foreignKeys: readonly SqliteForeignKey[]
}

async function runOnCopy(session: AtomicSession, migration: Migration): Promise<CopyOutcome> {
  return await withSchemaCopy(session, async (copy) => {
    const { tested } = await testOnCopy(copy, [migration], { restores: true })
    return {
      tested: must(tested[0], 'tested migration'),
      state: await readSqliteState(copy),
      foreignKeys: await readSqliteForeignKeys(copy),
    }
  })
}

/** The text of a down migration without the constraints on columns whose values are restored. */
function relaxedSql({ sql, statements }: Migration, restored: readonly SqliteKept[]): string {
  let text = sql
  for (const statement of statements.toReversed()) {
    const columns = restored
      .filter(changesValues)
      .filter(({ table }) => namesOf(table.name, statements).some((name) => makes(statement, name)))
      .flatMap(({ stored, key }) => stored.filter((name) => !key.includes(name)))
    if (columns.length === 0) continue
    const { start, end } = statement
    text = text.slice(0, start) + relaxedSqlite(text.slice(start, end), columns) + text.slice(end)
  }
  return text
}

/** The names of a table in a migration: also those from which it is renamed. */
function namesOf(table: string, statements: readonly Statement[]): string[] {
  const renamed = statements.flatMap(({ actions }) =>
    actions.flatMap((one) =>
      one.kind === 'rename' && one.of === 'table' && isSameName(one.to, table) ? [one.from] : [],
    ),
  )
  return [table, ...renamed]
}

/** Whether a statement creates this table or a unique index of it. */
function makes({ actions }: Statement, table: string): boolean {
  return actions.some(
    (one) =>
      ((one.kind === 'create-table' && !one.filled) ||
        (one.kind === 'create-index' && one.unique)) &&
      isSameName(one.table.name, table),
  )
}
