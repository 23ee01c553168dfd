/** Common result codes of SQLite, primary and extended, by number. Source: sqlite.org/rescode.html. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
  275: 'SQLITE_CONSTRAINT_CHECK',
  787: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  1299: 'SQLITE_CONSTRAINT_NOTNULL',
  1555: 'SQLITE_CONSTRAINT_PRIMARYKEY',
  1811: 'SQLITE_CONSTRAINT_TRIGGER',
  2067: 'SQLITE_CONSTRAINT_UNIQUE',
  2579: 'SQLITE_CONSTRAINT_ROWID',
  3091: 'SQLITE_CONSTRAINT_DATATYPE',
}

const CODES = new Map(Object.entries(NAMES).map(([code, name]) => [name, Number(code)]))

/** The code of an error that a trigger raises with RAISE. */
export const RAISE_CODE = 1811

/** The name of a result code, or of the primary code in it. */
export function resultName(code: number): string {
  return NAMES[code] ?? NAMES[code & 0xff] ?? `SQLite error ${code}`
}

/** The result code of a name; SQLITE_ERROR for an unknown one. */
export function resultCode(name: string): number {
  return CODES.get(name) ?? 1
}
