/** What a statement did to the data of an existing table, including through functions, triggers, rules and foreign keys. */
export interface SeenEffect {
  readonly statement: number
  /** As the server names it. */
  readonly relation: string
  readonly what: 'inserted' | 'updated' | 'deleted' | 'emptied' | 'dropped' | 'column-dropped'
  /** Of what was inserted, updated or deleted. */
  readonly rows?: number
  readonly column?: string
  readonly within?: readonly string[]
}
