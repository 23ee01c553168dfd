/**
 * A row that differs between two databases or from a seed: its natural key and the different columns, never
 * values.
 */
export type RowChange = {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly key: Readonly<Record<string, string>>
  readonly columns: readonly string[]
}
