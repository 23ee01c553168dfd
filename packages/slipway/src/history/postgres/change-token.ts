import { inLedger, type Session } from '../../database/index.ts'
import { sha256 } from '../../kernel/index.ts'
import { CATALOG_SUMS } from './catalog-rows.ts'
import { lateValueSql } from './late-value.ts'

/** Must change with the contents of a token, so that tokens of different methods are never equal. */
const METHOD = 3

/** The rows of one catalog: how many, and the sum of their hashes, as the server prints them. */
export type CatalogSum = readonly (string | null | undefined)[]

/**
 * A token of all user objects in a database. Equal tokens of a database mean that no object was created, changed or
 * dropped in between; different tokens do not prove a change. It takes a few milliseconds, while reading the catalog
 * takes seconds: the server sums a hash of each row of its catalogs (see catalog-rows.ts).
 *
 * Transaction IDs repeat after 4 billion transactions, and other databases have the same IDs. So the identity of the
 * database is part of the token, as far as the role may read it.
 */
export async function readChangeToken(session: Session): Promise<string> {
  const { rows } = await session.queryRaw(
    `${inLedger(session, CATALOG_SUMS)} UNION ALL ${databaseIdentitySql(session)}`,
  )
  return tokenOf(rows)
}

/** The token of the rows of all catalogs, and of the identity of the database, in any order. */
export function tokenOf(sums: readonly CatalogSum[]): string {
  const lines = sums.filter(([, count]) => count !== '0').map((sum) => JSON.stringify(sum))
  return `${METHOD}:${sha256(lines.toSorted().join('\n'))}`
}

/** A query for the database and its cluster, if the cluster's identifier may be read. Raises no error on the server. */
export function databaseIdentitySql({ kind }: Session): string {
  return `SELECT 'database', oid, ${kind === 'embedded' ? 'NULL' : CLUSTER}
     FROM pg_catalog.pg_database WHERE datname = current_database()`
}

/** The identifier of the cluster, if the role may read it. */
const CLUSTER = `CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
  THEN ${lateValueSql('SELECT system_identifier::text FROM pg_catalog.pg_control_system()')} END`
