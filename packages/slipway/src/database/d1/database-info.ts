import type { D1Api } from './api.ts'

/** What the API says of a database. */
export interface DatabaseInfo {
  readonly name: string
  /** `production`: only those have Time Travel. */
  readonly version: string
  readonly file_size?: number
  readonly num_tables?: number
  readonly running_in_region?: string
}

/** Reads what the API says of the database itself: it also shows that the token is right and the database there. */
export async function readDatabase(api: D1Api): Promise<DatabaseInfo> {
  return await api.read<DatabaseInfo>({ method: 'GET', path: '' })
}
