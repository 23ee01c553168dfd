import type { RawColumn, Session } from '../database/index.ts'
import type { Failure } from '../kernel/index.ts'
import type { WithShadow } from './engine.ts'

/** A column as the engine knows it: Prisma's number of its type, and how text values are converted for the engine. */
export interface Column {
  readonly type: number
  /** The value of a cell in the form that the engine deserialises. */
  read(text: string | null): unknown
}

/** What differs between databases in how the engine talks to them. */
export interface EngineDialect {
  /** As the engine calls the database. */
  readonly provider: 'postgres' | 'sqlite'
  /** As a `migration_lock.toml` calls it. */
  readonly lockProvider: string
  readonly adapterName: string
  /** Makes a session behave as the engine takes for granted. */
  prepare(session: Session, schema: string): Promise<void>
  columnOf(column: RawColumn): Column
  /** An argument of the engine as the session takes it. `type` is the engine's name of its type. */
  argument(value: unknown, type: string | undefined): unknown
  /** What a session refused, in the form that the engine deserialises; nothing for what it does not know. */
  errorOf(failure: Failure): DatabaseError | undefined
  /**
   * Whether a query failed because there is no history yet: the engine takes that for an answer from other adapters, and
   * not from this one.
   */
  isWithoutHistory(failure: Failure): boolean
  /** Shadow databases of its own, each one empty; if absent, those of `shadow.ts` serve. */
  readonly withShadow?: WithShadow
  /** A statement that only writes where the engine is allowed to write. */
  createsSchema(sql: string): boolean
}

/** An error of a database in the form that the engine deserialises. */
export type DatabaseError =
  | {
      readonly kind: 'postgres'
      readonly code: string
      readonly severity: string
      readonly message: string
      readonly detail?: string
      readonly column?: string
      readonly hint?: string
    }
  | { readonly kind: 'sqlite'; readonly extendedCode: number; readonly message: string }
