/** A row in which two databases, or a database and a seed, differ: its natural key, and the columns that do. Never their values. */
export type RowChange = {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly key: Readonly<Record<string, string>>
  readonly columns: readonly string[]
}
