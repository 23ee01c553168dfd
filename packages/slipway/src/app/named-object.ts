import { objectName, type ObjectRef, objectText, type TableRef } from '../statements/index.ts'

/** An object in a result: as people read it, `column User.email`, and as a reference. */
export interface NamedObject {
  readonly object: string
  readonly ref: ObjectRef
}

/** An object in a result. */
export function namedObject(ref: ObjectRef): NamedObject {
  return { object: objectText(ref), ref }
}

/** A table in a result: as people read it, `User`, and as a reference. */
export interface NamedTable {
  readonly table: string
  readonly ref: TableRef
}

/** A table in a result. */
export function namedTable(ref: TableRef): NamedTable {
  return { table: objectName(ref), ref }
}
