/** The usage of a SQLite or D1 database. Unknown values are null. */
export interface DatabaseUsage {
  readonly bytes: number | null
  /** The maximum size on a paid plan of Cloudflare D1; null for a SQLite file. */
  readonly limitBytes: number | null
  /** Rows that all queries of the last 24 hours read and wrote, as Cloudflare counts them. */
  readonly lastDay: { readonly rowsRead: number; readonly rowsWritten: number } | null
  /** Whether Time Travel can restore the database: to any minute of the last 30 days, 7 on the free plan. */
  readonly timeTravel: boolean
  /** When the last backup of this environment was made; null if none was found. ISO 8601. */
  readonly lastBackup: string | null
}
