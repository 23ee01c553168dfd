import {
  applySqlite,
  applyStatement,
  type DatabaseSchema,
  emptySchema,
  NO_DEFINITIONS,
  type SqliteDefinitions,
} from '../../schema/index.ts'
import { sqliteDetail, sqliteMarkersIn } from '../../statements/index.ts'
import { acceptancesIn } from '../accept.ts'
import { withoutAccepted } from '../accepted.ts'
import { type Found, withoutRepeats } from '../found.ts'
import type { Context, Finding, Hazard, JudgedMigration, Rule } from '../hazard.ts'
import type { JudgeInput } from '../judge-input.ts'
import { runOf, setting } from './migration-run.ts'
import { sizeOf } from './names-and-sizes.ts'
import type { MigrationRun, SqliteContext, SqliteFinding } from './rule.ts'
import { sqliteRules } from './rules.ts'

/** What is known about a database before a migration. */
export interface SqliteState {
  readonly definitions: SqliteDefinitions
  readonly schema: DatabaseSchema
}

/** The hazards of SQLite or D1 migrations. The SQLite parser must be loaded. */
export function judgeSqlite({ history, ...judging }: JudgeInput): Hazard[] {
  return judgeFrom(stateAfter(history, judging), judging)
}

/** The hazards of migrations that start from a known state. */
export function judgeFrom(start: SqliteState, judging: Omit<JudgeInput, 'history'>): Hazard[] {
  let state = start
  return judging.migrations.flatMap((migration) => {
    const run = runOf(state.definitions, migration)
    const found = foundIn(migration, { run, schema: state.schema, judging })
    state = { definitions: run.after, schema: schemaAfterMigration(state.schema, migration) }
    return accepted(migration, found, judging)
  })
}

/** The state of a target after its history. */
export function stateAfter(
  history: readonly JudgedMigration[],
  { facts }: Pick<JudgeInput, 'facts'>,
): SqliteState {
  const empty = { definitions: NO_DEFINITIONS, schema: emptySchema(facts.defaultSchema) }
  const { definitions, schema } = history.reduce(stateAfterMigration, empty)
  return { definitions: asTarget(definitions), schema }
}

/** The state after a migration. */
export function stateAfterMigration(
  { definitions, schema }: SqliteState,
  migration: JudgedMigration,
): SqliteState {
  return {
    definitions: definitionsAfter(definitions, migration),
    schema: schemaAfterMigration(schema, migration),
  }
}

/** The definitions after a migration. */
function definitionsAfter(
  before: SqliteDefinitions,
  { name, statements }: JudgedMigration,
): SqliteDefinitions {
  let legacy = false
  return statements.reduce((all, statement) => {
    if (statement.actions.some(({ kind }) => kind === 'pragma')) {
      legacy = setting('legacy_alter_table', sqliteDetail(statement)) ?? legacy
    }
    return applySqlite(all, statement, { migration: name, legacy })
  }, before)
}

function schemaAfterMigration(
  schema: DatabaseSchema,
  { name, statements }: JudgedMigration,
): DatabaseSchema {
  return statements.reduce((all, statement) => applyStatement(all, statement, name), schema)
}

/** The same definitions, with each table remembering its name on the target. */
function asTarget(definitions: SqliteDefinitions): SqliteDefinitions {
  const tables = new Map(
    [...definitions.tables].map(([key, table]) => [key, { ...table, onTarget: table.name }]),
  )
  return { ...definitions, tables }
}

interface MigrationInput {
  readonly run: MigrationRun
  readonly schema: DatabaseSchema
  readonly judging: Omit<JudgeInput, 'history'>
}

function foundIn(
  migration: JudgedMigration,
  { run, schema: start, judging }: MigrationInput,
): Found[] {
  const { facts, rules = [] } = judging
  let schema = start
  return migration.statements.flatMap((statement) => {
    const definitions = run.before.get(statement.number) ?? run.after
    const context = { definitions, schema, facts, migration, statement, run }
    schema = applyStatement(schema, statement, migration.name)
    return withoutRepeats([...ofBuiltIn(context), ...ofProject(context, rules)])
  })
}

function ofBuiltIn(context: SqliteContext): Found[] {
  const detail = sqliteDetail(context.statement)
  return sqliteRules.flatMap(({ id, judge }) =>
    [judge(detail, context) ?? []]
      .flat()
      .flatMap((finding) => (finding ? [foundBy(id, finding, context)] : [])),
  )
}

/** Project rules get the database-independent schema model. SQLite has no table locks to report. */
function ofProject(context: SqliteContext, rules: readonly Rule[]): Found[] {
  const { schema, facts, migration, statement } = context
  const seen: Context = { schema, facts, migration, statement, inBlock: false, held: [] }
  return rules.flatMap(({ id, judge }) =>
    statement.actions.flatMap((action) =>
      [judge(action, seen) ?? []].flat().map((finding) => {
        return foundBy(id, { ...finding, table: finding.table?.name }, context)
      }),
    ),
  )
}

/** A rule's finding with its position, and whether the table's size makes it harmless. */
function foundBy(id: string, finding: SqliteFinding, context: SqliteContext): Found {
  const { severity, object, table, anySize, message, safeSql } = finding
  const { migration, statement } = context
  const size = table === undefined ? undefined : sizeOf(context, table)
  return {
    finding: asFinding(finding),
    harmlessBySize: size === 'new' || (size === 'empty' && !anySize),
    hazard: {
      id,
      severity,
      migration: migration.name,
      file: migration.path,
      line: statement.line,
      column: statement.column,
      statement: statement.number,
      ...(object === undefined ? {} : { object }),
      blocks: 'nothing',
      message,
      ...(safeSql === undefined ? {} : { safeSql }),
    },
  }
}

function asFinding({ table, ...finding }: SqliteFinding): Finding {
  return { ...finding, ...(table === undefined ? {} : { table: { name: table } }) }
}

function accepted(
  migration: JudgedMigration,
  found: readonly Found[],
  { rules = [] }: Omit<JudgeInput, 'history'>,
): Hazard[] {
  const acceptances = acceptancesIn(migration, sqliteMarkersIn)
  const ids = [...sqliteRules, ...rules].map((rule) => rule.id)
  return withoutAccepted(found, { migration, acceptances, judged: acceptances, ids })
}
