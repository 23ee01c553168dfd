import type { RawColumn, Session } from '../database/index.ts'
import type { Failure } from '../kernel/index.ts'
import type { WithShadow } from './engine.ts'

/** A column for the engine: Prisma's number for its type, and how text values are converted. */
export interface Column {
  readonly type: number
  /** The value of a cell in the form that the engine deserialises. */
  read(text: string | null): unknown
}

/** The differences between databases in how the engine uses them. */
export interface EngineDialect {
  /** The engine's name for the database. */
  readonly provider: 'postgres' | 'sqlite'
  /** Its name in a `migration_lock.toml`. */
  readonly lockProvider: string
  readonly adapterName: string
  /** Configures a session as the engine expects it. */
  prepare(session: Session, schema: string): Promise<void>
  columnOf(column: RawColumn): Column
  /** Converts an argument of the engine for the session. `type` is the engine's name for its type. */
  argument(value: unknown, type: string | undefined): unknown
  /** A failure in the form that the engine deserialises; undefined if the engine does not know it. */
  errorOf(failure: Failure): DatabaseError | undefined
  /**
   * Whether a query failed because there is no history yet. The engine handles that error of other adapters,
   * but not of this one.
   */
  isWithoutHistory(failure: Failure): boolean
  /** The dialect's own shadow databases, each one empty; if absent, those of `shadow.ts` are used. */
  readonly withShadow?: WithShadow
  /** Whether a statement creates a schema; it is skipped if the engine must not write. */
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
