import { type DatabaseSchema, primaryKeyOf, tableNamed } from '../../schema/index.ts'
import type { ObjectName } from '../../statements/index.ts'

/** Rows per batch: about half a second of work, so that no writer waits long for a locked row. */
const BATCH = 10_000

/** An UPDATE to be split into batches. All strings are SQL. */
export interface Batched {
  /** The UPDATE up to its WHERE. */
  readonly update: string
  readonly where?: string | undefined
  readonly table: string
  readonly key: string
}

/**
 * A DO block that walks a key in ascending order and commits after each batch. It visits each row once,
 * because it never goes back. The SQL works on every server version and with every key type.
 */
export function inBatches({ update, where, table, key }: Batched): string {
  const condition = where === undefined ? '' : `(${where}) AND `
  return `DO $slipway$
DECLARE
  batch_first ${table}.${key}%TYPE;
  batch_last ${table}.${key}%TYPE;
BEGIN
  SELECT ${key} INTO batch_first FROM ${table} ORDER BY ${key} LIMIT 1;
  WHILE batch_first IS NOT NULL LOOP
    SELECT ${key} INTO batch_last FROM (
      SELECT ${key} FROM ${table} WHERE ${key} >= batch_first ORDER BY ${key} LIMIT ${BATCH}
    ) AS batch ORDER BY ${key} DESC LIMIT 1;
    ${update} WHERE ${condition}${key} BETWEEN batch_first AND batch_last;
    COMMIT;
    SELECT ${key} INTO batch_first FROM ${table} WHERE ${key} > batch_last ORDER BY ${key} LIMIT 1;
  END LOOP;
END
$slipway$`
}

/** The column of a table's single-column primary key; undefined if there is no such key. */
export function singleKey(schema: DatabaseSchema, table: ObjectName): string | undefined {
  const known = tableNamed(schema, table)
  const columns = known ? primaryKeyOf(known) : []
  return columns.length === 1 ? columns[0] : undefined
}
