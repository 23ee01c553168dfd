import type { DatabaseSchema, SqliteDefinitions } from '../../schema/index.ts'
import type { SqliteDetail, Statement } from '../../statements/index.ts'
import type { Facts } from '../facts.ts'
import type { Finding, JudgedMigration } from '../hazard.ts'
import type { Rebuild } from './rebuild.ts'

/** What a SQLite rule gets in addition to the statement. */
export interface SqliteContext {
  /** The definitions before the statement. */
  readonly definitions: SqliteDefinitions
  /** The same in the database-independent model, for project rules. */
  readonly schema: DatabaseSchema
  readonly facts: Facts
  readonly migration: JudgedMigration
  readonly statement: Statement
  readonly run: MigrationRun
}

/** How a migration runs as a whole, and the tables that it rebuilds. */
export interface MigrationRun {
  /** Whether foreign keys are enforced while it runs: the file makes no change while they are switched off. */
  readonly enforcesKeys: boolean
  /**
   * Statements that expect enforced keys according to the file, although the
   * migration as a whole runs without.
   */
  readonly expectsEnforcedKeys: ReadonlySet<Statement>
  /** The definitions before each statement, by its number. */
  readonly before: ReadonlyMap<number, SqliteDefinitions>
  /** The definitions after the last statement. */
  readonly after: SqliteDefinitions
  readonly rebuilds: readonly Rebuild[]
  /** The numbers of the statements that run with PRAGMA legacy_alter_table on. */
  readonly legacy: ReadonlySet<number>
}

/** One hazard of SQLite or Cloudflare D1. Its page is docs/hazards/<id>.md. */
export interface SqliteRule {
  readonly id: string
  readonly title: string
  judge(
    detail: SqliteDetail,
    context: SqliteContext,
  ): SqliteFinding | readonly (SqliteFinding | undefined)[] | undefined
}

/** The finding of a SQLite rule. It names no lock, because a SQLite database has only one writer anyway. */
export type SqliteFinding = Omit<Finding, 'lock' | 'rewrites' | 'table'> & {
  /** The table concerned. The finding is no hazard if this migration created the table, or if it is empty. */
  readonly table?: string | undefined
}

/** The statement details of one kind. */
export type DetailOf<Kind extends SqliteDetail['kind']> = Extract<SqliteDetail, { kind: Kind }>
