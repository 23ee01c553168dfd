/** How a SQLite or D1 database is used. What could not be found out is null. */
export interface DatabaseUsage {
  readonly bytes: number | null
  /** The most bytes that Cloudflare D1 allows on a paid plan; null for a file of SQLite. */
  readonly limitBytes: number | null
  /** Rows that all queries of the last 24 hours read and wrote, as Cloudflare counts them. */
  readonly lastDay: { readonly rowsRead: number; readonly rowsWritten: number } | null
  /** Whether Time Travel can restore the database: to any minute of the last 30 days, 7 on the free plan. */
  readonly timeTravel: boolean
  /** When the last backup of this environment was made; null if there is none. ISO 8601. */
  readonly lastBackup: string | null
}
