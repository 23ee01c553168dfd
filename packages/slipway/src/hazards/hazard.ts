import type { DatabaseSchema } from '../schema/index.ts'
import type { Action, ObjectName, ObjectRef, Statement } from '../statements/index.ts'
import type { Facts } from './facts.ts'
import type { Blocks, LockMode } from './lock-mode.ts'

/** How severe a hazard is: `error` breaks or stops something, `warning` may, `info` is worth knowing. */
export type Severity = 'error' | 'warning' | 'info'

/** A finding about one statement: what it locks, rewrites, loses or breaks. Plain JSON. */
export interface Hazard {
  /** The same word in code, flag, SQL comment and docs: `index-not-concurrent`. */
  readonly id: string
  readonly severity: Severity
  readonly migration: string
  readonly file: string
  readonly line: number
  readonly column: number
  /** Number of the statement in its file, from 1. */
  readonly statement: number
  /** The object that the hazard is about. */
  readonly object?: ObjectRef
  /** The strongest lock that the statement takes on the object. */
  readonly lock?: LockMode
  readonly blocks: Blocks
  /** Set if the server rewrites all rows. */
  readonly rewrites?: true
  readonly message: string
  /** The safe form with the user's own names, if there is one. */
  readonly safeSql?: string
}

/** The finding of a rule. `judge` adds the position and the effect of the table's size. */
export interface Finding {
  readonly severity: Severity
  readonly object?: ObjectRef | undefined
  /** The table concerned. The finding is no hazard if this migration created the table. */
  readonly table?: ObjectName | undefined
  /** Set if the finding applies even to a small or empty table: data is lost, or running clients break. */
  readonly anySize?: true
  readonly lock?: LockMode
  readonly rewrites?: true
  readonly message: string
  readonly safeSql?: string | undefined
}

/** A parsed file to judge. Findings show its `path`. */
export interface JudgedMigration {
  readonly name: string
  readonly path: string
  readonly sql: string
  readonly statements: readonly Statement[]
}

/** A lock that an earlier statement of the same transaction took. */
export interface HeldLock {
  readonly table: ObjectName
  readonly lock: LockMode
  readonly statement: Statement
}

/** What a rule gets in addition to the action. */
export interface Context {
  /** The schema before the action. */
  readonly schema: DatabaseSchema
  readonly facts: Facts
  readonly migration: JudgedMigration
  readonly statement: Statement
  /** Whether the statement is between a BEGIN of the file and its COMMIT. */
  readonly inBlock: boolean
  /** The locks that the transaction already holds, in the order taken. */
  readonly held: readonly HeldLock[]
}

/** One hazard: when it applies, and its message. Its page is docs/hazards/<id>.md. */
export interface Rule {
  readonly id: string
  readonly title: string
  judge(action: Action, context: Context): Finding | readonly Finding[] | undefined
}
