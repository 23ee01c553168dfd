import type { Change, DatabaseSchema } from '../schema/index.ts'
import type { Statement } from '../statements/index.ts'
import type { SchemaCode } from './postgres/schema-code.ts'
import type { Trace } from './postgres/trace.ts'

/** A run of a migration, as far as it shows what code did. */
export interface RunOfCode {
  readonly statements: readonly Statement[]
  /** The schema before. */
  readonly before: DatabaseSchema
  readonly trace: Trace
  /** The code of the schema before it and after. */
  readonly code: SchemaCode
  /** What it changes of the schema. */
  readonly changes: readonly Change[]
  /** The keys of tables and columns whose rows and values are after it what they were. */
  readonly unchanged: ReadonlySet<string>
  /** The keys of columns that have other values, in as many rows. */
  readonly changed: ReadonlySet<string>
  /** The tables that have no rows wherever it runs. */
  readonly vacant: readonly string[]
}
