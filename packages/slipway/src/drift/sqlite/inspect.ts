import { type Session, withSession } from '../../database/index.ts'
import { sqliteLossesOf } from '../../down/index.ts'
import { atomicScriptOf } from '../../execution/index.ts'
import { compareHistory, readHistory, refuseNewerLedger } from '../../history/index.ts'
import { attempt } from '../../kernel/index.ts'
import { appliedMigrations } from '../../plan/index.ts'
import {
  type Choice,
  differingObjects,
  readSqliteState,
  type SchemaScript,
  scriptSql,
  sqliteScriptBetween,
  type SqliteState,
  type TableChange,
  tableChanges,
} from '../../schema/index.ts'
import {
  type Destruction,
  type MigrationFile,
  parseMigrations,
  parserFor,
  partRef,
} from '../../statements/index.ts'
import type { DriftReport, DriftRequest } from '../inspect.ts'
import { sameAsHistory } from '../report-without-drift.ts'

/** Compares a SQLite or D1 database with its history, replayed in memory: see `inspectDrift`. */
export async function inspectSqlite(request: DriftRequest): Promise<DriftReport> {
  const options = { applicationName: 'slipway drift' }
  return await withSession(request.address, options, async (session) => {
    await refuseNewerLedger(session)
    return await inspectOn(session, request)
  })
}

/** Like `inspectSqlite`, on an open session. */
export async function inspectOn(
  session: Session,
  { migrations, emit }: Pick<DriftRequest, 'migrations' | 'emit'>,
): Promise<DriftReport> {
  const { database } = session.server
  emit({ kind: 'phase', phase: 'replay the history on a shadow database' })
  const history = await readHistory(session)
  const [missing] = compareHistory(history, migrations).missing
  if (missing !== undefined)
    return unknownReport(database, `${missing} is applied, but the project does not have it.`)
  const actual = await readSqliteState(session)
  const applied = appliedMigrations({ history, migrations })
  const replayed = await attempt(() => stateAfter(applied))
  if (!replayed.ok) return unknownReport(database, replayed.failure.message)
  const expected = replayed.value
  const changes = differingObjects(expected.fingerprint, actual.fingerprint)
  if (changes.length === 0) return sameAsHistory(database)
  // Without statements, tables and columns are matched by name.
  const forth = tableChanges(expected.tables, actual.tables, [])
  const back = tableChanges(actual.tables, expected.tables, [])
  const toHistory = await sqliteScriptBetween(actual, expected, back)
  const toTarget = await sqliteScriptBetween(expected, actual, forth)
  const loses = {
    toHistory: await lossesOf(toHistory, actual, back),
    toTarget: await lossesOf(toTarget, expected, forth),
  }
  return {
    database,
    drifted: true,
    basis: 'shadow',
    changes,
    toHistory: scriptSql(toHistory, loses.toHistory),
    choices: toHistory.choices,
    guesses: guessesOf(forth),
    toTarget: scriptSql(toTarget, loses.toTarget),
    loses,
    columnOrder: [],
    unmodelled: [],
  }
}

/** The state after migrations on an empty database. */
async function stateAfter(migrations: readonly MigrationFile[]): Promise<SqliteState> {
  const parsed = await parseMigrations(migrations, 'sqlite')
  return await withSession({ kind: 'sqlite' }, {}, async (copy) => {
    for (const migration of parsed) {
      const { script, foreignKeys } = atomicScriptOf(migration)
      await copy.runAtomically?.(script, { foreignKeys })
    }
    return await readSqliteState(copy)
  })
}

function unknownReport(database: string, reason: string): DriftReport {
  return { ...sameAsHistory(database), basis: 'unknown', unknown: reason }
}

/** The data that the SQL between two states destroys. */
async function lossesOf(
  { statements }: SchemaScript,
  before: SqliteState,
  changes: readonly TableChange[],
): Promise<Destruction[]> {
  const { parse } = await parserFor('sqlite')
  const parsed = statements.flatMap(({ sql }) => parse(sql))
  return sqliteLossesOf({ before, changes, statements: parsed })
}

/**
 * Objects that may have been renamed: SQLite does not show whether they were renamed, or dropped and created.
 */
function guessesOf(changes: readonly TableChange[]): Choice[] {
  const gone = changes.filter(({ after }) => after === undefined)
  const made = changes.filter(({ before }) => before === undefined)
  const tables = gone.flatMap(({ before }): Choice[] =>
    before === undefined || made.length === 0
      ? []
      : [
          {
            object: { kind: 'table', schema: null, name: before.name },
            message: `may have been renamed to ${made.map(({ after }) => after?.name).join(' or ')}`,
          },
        ],
  )
  return [...tables, ...changes.flatMap(columnGuesses)]
}

function columnGuesses({ before, after, columns }: TableChange): Choice[] {
  if (before === undefined || after === undefined) return []
  const table = { kind: 'table', schema: null, name: before.name } as const
  const made = columns.filter((one) => one.before === undefined).map((one) => one.after)
  return columns.flatMap((one): Choice[] =>
    one.before === undefined || one.after !== undefined || made.length === 0
      ? []
      : [
          {
            object: partRef('column', table, one.before),
            message: `may have been renamed to ${made.join(' or ')}`,
          },
        ],
  )
}
