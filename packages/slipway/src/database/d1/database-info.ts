import type { D1Api } from './api.ts'

/** What the API reports about a database. */
export interface DatabaseInfo {
  readonly name: string
  /** `production`: only those have Time Travel. */
  readonly version: string
  readonly file_size?: number
  readonly num_tables?: number
  readonly running_in_region?: string
}

/**
 * Reads what the API reports about the database. This also shows that the token is valid and the database
 * exists.
 */
export async function readDatabaseInfo(api: D1Api): Promise<DatabaseInfo> {
  return await api.read<DatabaseInfo>({ method: 'GET', path: '' })
}
