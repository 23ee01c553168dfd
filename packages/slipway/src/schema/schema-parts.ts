/** What is read of a database beside its tables and their columns; each part costs its time. */
export interface SchemaParts {
  /** Constraints, indexes and triggers of tables. */
  readonly keys?: true
  /** Enums and domains. */
  readonly types?: true
  /** What fills a column that a row gives no value. */
  readonly filling?: true
  /** Which values a column takes. */
  readonly values?: true
}
