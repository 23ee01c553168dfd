import { type DatabaseSchema, primaryKeyOf, tableNamed } from '../../schema/index.ts'
import type { ObjectName } from '../../statements/index.ts'

/** Rows of a batch: about half a second of work, and few enough that no writer waits long for one of them. */
const BATCH = 10_000

/** An UPDATE to be split into batches. All strings are SQL. */
export interface Batched {
  /** Up to its WHERE. */
  readonly update: string
  readonly where?: string | undefined
  readonly table: string
  readonly key: string
}

/**
 * A DO block that walks a key upwards and commits after each batch: a row is met once, because the walk never
 * turns back. Its SQL holds in a server of any version and for a key of any type.
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

/** The one column of a table's primary key; nothing if there is none, or it has several. */
export function singleKey(schema: DatabaseSchema, table: ObjectName): string | undefined {
  const known = tableNamed(schema, table)
  const columns = known ? primaryKeyOf(known) : []
  return columns.length === 1 ? columns[0] : undefined
}
