import { objectName, type ObjectRef, objectText, type TableRef } from '../statements/index.ts'

/** An object in a result: as text, `column User.email`, and as a reference. */
export interface NamedObject {
  readonly object: string
  readonly ref: ObjectRef
}

/** Converts an object reference for a result. */
export function namedObject(ref: ObjectRef): NamedObject {
  return { object: objectText(ref), ref }
}

/** A table in a result: as text, `User`, and as a reference. */
export interface NamedTable {
  readonly table: string
  readonly ref: TableRef
}

/** Converts a table reference for a result. */
export function namedTable(ref: TableRef): NamedTable {
  return { table: objectName(ref), ref }
}
