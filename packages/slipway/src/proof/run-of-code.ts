import type { Change, DatabaseSchema } from '../schema/index.ts'
import type { Statement } from '../statements/index.ts'
import type { SchemaCode } from './postgres/schema-code.ts'
import type { Trace } from './postgres/trace.ts'

/** What a run of a migration shows about its code. */
export interface RunOfCode {
  readonly statements: readonly Statement[]
  /** The schema before the migration. */
  readonly before: DatabaseSchema
  readonly trace: Trace
  /** The code of the schema before and after the migration. */
  readonly code: SchemaCode
  /** The schema changes of the migration. */
  readonly changes: readonly Change[]
  /** The keys of tables and columns whose rows and values are unchanged after it. */
  readonly unchanged: ReadonlySet<string>
  /** The keys of columns whose values changed while the number of rows did not. */
  readonly changed: ReadonlySet<string>
  /** The tables that are empty on every target where it runs. */
  readonly vacant: readonly string[]
}
