import type { RemoteD1, SessionOptions } from '../port.ts'
import { d1Api } from './api.ts'
import { readDatabaseInfo } from './database-info.ts'
import type { D1Value } from './exact-integers.ts'

/** The rows of one query, column by column. Integers above 2^53 are rounded: read them as texts. */
export type D1Rows = readonly (readonly D1Value[])[]

/** The longest text of a call, in bytes. Source: developers.cloudflare.com/d1/platform/limits. */
export const D1_TEXT_BYTES = 100_000

/**
 * Runs several queries on one state of a database, even if others write to it: D1 runs the statements of
 * one call in one transaction. Together they have at most `D1_TEXT_BYTES`, and must only read. Fails like
 * the queries of a session.
 */
export async function d1Snapshot(
  address: RemoteD1,
  queries: readonly string[],
  options: SessionOptions = {},
): Promise<readonly D1Rows[]> {
  const body = { sql: queries.join(';\n'), params: [] }
  const answers = await d1Api(address, options).read<
    readonly { readonly results: { readonly rows: D1Rows } }[]
  >({ method: 'POST', path: '/raw', body })
  return answers.map(({ results }) => results.rows)
}

/** How large a database is on Cloudflare, in bytes; undefined if the API does not report it. */
export async function d1Bytes(
  address: RemoteD1,
  options: SessionOptions = {},
): Promise<number | undefined> {
  return (await readDatabaseInfo(d1Api(address, options))).file_size
}
