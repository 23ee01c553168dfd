import type { Dialect } from '../database/index.ts'
import { tableNamed } from '../schema/index.ts'
import { objectKey, type ObjectName, tableRef } from '../statements/index.ts'
import type { Context } from './hazard.ts'

/** How big a table is on the target. */
export interface TableFacts {
  readonly rows: number
  readonly bytes: number
}

/** What is known of the target. */
export interface Facts {
  /** `postgres` if absent. */
  readonly dialect?: Dialect
  /** The target is a database of Cloudflare D1: on Cloudflare, or wrangler's own. */
  readonly d1?: 'remote' | 'local'
  /** Who runs the migrations on it; `slipway` if absent. `wrangler d1 migrations apply` enforces foreign keys in each of them. */
  readonly appliedBy?: 'slipway' | 'wrangler'
  /** As `server_version_num`: 150018; 180000 if no server was asked. */
  readonly serverVersion: number
  readonly defaultSchema: string
  /** By `objectKey` of each table. Absent: unknown, so every table that exists counts as filled. */
  readonly tables?: ReadonlyMap<string, TableFacts>
}

/** What the judgement of a statement needs to know of its table. */
export type TableSize =
  /** Made by the migration that is judged, or not yet on the target: no client knows it. */
  'new' | 'empty' | 'small' | 'filled'

/** Below this many rows a lock is over before anybody notices. */
const SMALL = 1000

/** How big a table is, at the statement that is judged. */
export function sizeOf(
  { schema, facts, migration }: Pick<Context, 'schema' | 'facts' | 'migration'>,
  name: ObjectName,
): TableSize {
  const table = tableNamed(schema, name)
  if (table?.madeBy === migration.name) return 'new'
  if (facts.tables === undefined) return 'filled'
  if (table?.madeBy !== undefined && table.onTarget === undefined) return 'new'
  const rows = facts.tables.get(objectKey(tableRef(schema, table?.onTarget ?? name)))?.rows
  if (rows === undefined) return 'filled'
  if (rows === 0) return 'empty'
  return rows < SMALL ? 'small' : 'filled'
}

/** Whether a statement that reads or writes all rows of a table would take its time. */
export function isFilled(context: Context, table: ObjectName): boolean {
  return sizeOf(context, table) === 'filled'
}
