/**
 * What a statement did to an existing table's data, also through functions, triggers, rules and foreign keys.
 */
export interface SeenEffect {
  readonly statement: number
  /** The name as the server writes it. */
  readonly relation: string
  readonly what: 'inserted' | 'updated' | 'deleted' | 'emptied' | 'dropped' | 'column-dropped'
  /** The number of inserted, updated or deleted rows. */
  readonly rows?: number
  readonly column?: string
  readonly within?: readonly string[]
}
