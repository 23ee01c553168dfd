/** How SQLite stores values in a column. Source: sqlite.org/datatype3.html, section 3. */
export type Affinity = 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL' | 'NUMERIC'

/** The affinity that a declared type gives a column. */
export function affinityOf(type: string): Affinity {
  const name = type.toUpperCase()
  const has = (...words: string[]) => words.some((word) => name.includes(word))
  if (has('INT')) return 'INTEGER'
  if (has('CHAR', 'CLOB', 'TEXT')) return 'TEXT'
  if (name === '' || has('BLOB')) return 'BLOB'
  return has('REAL', 'FLOA', 'DOUB') ? 'REAL' : 'NUMERIC'
}

/** Whether a value may change when it is copied between columns with these affinities. */
export function convertsValues(from: Affinity, to: Affinity): boolean {
  // A whole number is the same in INTEGER and NUMERIC, and BLOB converts nothing.
  if (from === to || to === 'BLOB') return false
  return from === 'TEXT' || from === 'BLOB' || to === 'TEXT' || to === 'REAL'
}
