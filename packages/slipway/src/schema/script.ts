import type { ObjectRef } from '../statements/index.ts'

/** One statement of the script from one schema to another. */
export interface ScriptStatement {
  readonly sql: string
  /** It cannot run inside a transaction, or must be committed before what follows. */
  readonly alone: boolean
  /** It destroys rows or values. */
  readonly destructive: boolean
}

/** A decision that the script cannot make: it depends on the rows or on the user. */
export interface Choice {
  readonly object: ObjectRef
  /** The text that follows the name of the object: `becomes NOT NULL: rows …`. */
  readonly message: string
}

/** The SQL that leads from one schema to another. */
export interface SchemaScript {
  readonly statements: readonly ScriptStatement[]
  readonly choices: readonly Choice[]
}
