/** What is read of a database besides its tables and their columns; each part takes time. */
export interface SchemaParts {
  /** Primary and foreign keys, and indexes. */
  readonly keys?: true
  /** All constraints, indexes and triggers. */
  readonly constraints?: true
  /** Enums and domains. */
  readonly types?: true
  /** What fills a column for which a row gives no value. */
  readonly filling?: true
  /** Which values a column accepts. */
  readonly values?: true
  /** The tables that are read, by their OIDs; all if absent. */
  readonly only?: readonly number[] | undefined
}
