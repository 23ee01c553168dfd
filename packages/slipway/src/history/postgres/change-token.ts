import { inLedger, type Session } from '../../database/index.ts'
import { sha256 } from '../../kernel/index.ts'
import { CATALOG_SUMS } from './catalog-rows.ts'
import { lateValueSql } from './late-value.ts'

/** Changes when what a token is made of changes: a token of another method is never equal. */
const METHOD = 3

/** The rows of one catalog: how many, and the sum of their hashes, as the server prints them. */
export type CatalogSum = readonly (string | null | undefined)[]

/**
 * A token of all objects of users in a database. Two equal tokens of one database mean that no object was made,
 * changed or dropped in between; two different ones mean nothing. It takes a few milliseconds, where reading the
 * catalog takes seconds: the server adds up a hash of each row of its catalogs (see catalog-rows.ts).
 *
 * A number of a transaction returns after 4 billion others, and other databases have the same numbers: the identity of
 * the database is a part of the token, as far as the role may read it.
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

/** A query of the cluster, if its identifier may be read, and the database in it. Raises no error on the server. */
export function databaseIdentitySql({ kind }: Session): string {
  return `SELECT 'database', oid, ${kind === 'embedded' ? 'NULL' : CLUSTER}
     FROM pg_catalog.pg_database WHERE datname = current_database()`
}

/** The identifier of the cluster, if the role may read it. */
const CLUSTER = `CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
  THEN ${lateValueSql('SELECT system_identifier::text FROM pg_catalog.pg_control_system()')} END`
