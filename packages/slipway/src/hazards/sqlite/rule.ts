import type { DatabaseSchema, SqliteDefinitions } from '../../schema/index.ts'
import type { SqliteDetail, Statement } from '../../statements/index.ts'
import type { Facts } from '../facts.ts'
import type { Finding, JudgedMigration } from '../hazard.ts'
import type { Rebuild } from './rebuild.ts'

/** What a rule of SQLite sees besides the statement. */
export interface SqliteContext {
  /** The definitions before the statement. */
  readonly definitions: SqliteDefinitions
  /** The same in the model of all databases, which the rules of projects read. */
  readonly schema: DatabaseSchema
  readonly facts: Facts
  readonly migration: JudgedMigration
  readonly statement: Statement
  readonly run: MigrationRun
}

/** How a migration runs as a whole, and what it makes of tables. */
export interface MigrationRun {
  /** Foreign keys are enforced while it runs: no change of the file is made while it has them switched off. */
  readonly enforcesKeys: boolean
  /** Statements that the file runs with keys enforced, although the migration as a whole enforces none. */
  readonly unenforced: ReadonlySet<Statement>
  /** The definitions before each statement, by its number. */
  readonly before: ReadonlyMap<number, SqliteDefinitions>
  /** The definitions after the last one. */
  readonly after: SqliteDefinitions
  readonly rebuilds: readonly Rebuild[]
  /** The numbers of the statements before which PRAGMA legacy_alter_table is on. */
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

/** The finding of a rule of SQLite. It takes no lock that others would notice: a database has one writer anyway. */
export type SqliteFinding = Omit<Finding, 'lock' | 'rewrites' | 'table'> & {
  /** The table that it concerns: no hazard if this migration made it, or if it is empty. */
  readonly table?: string | undefined
}

/** The details of one kind. */
export type DetailOf<Kind extends SqliteDetail['kind']> = Extract<SqliteDetail, { kind: Kind }>
