import type { Dialect } from '../database/index.ts'
import { tableNamed } from '../schema/index.ts'
import { objectKey, type ObjectName, tableRef } from '../statements/index.ts'
import type { Context } from './hazard.ts'

/** How big a table is on the target. */
export interface TableFacts {
  readonly rows: number
  readonly bytes: number
}

/** What is known about the target. */
export interface Facts {
  /** `postgres` if absent. */
  readonly dialect?: Dialect
  /** Set if the target is a Cloudflare D1 database: `remote` on Cloudflare, `local` in wrangler. */
  readonly d1?: 'remote' | 'local'
  /**
   * The tool that applies the migrations; `slipway` if absent. `wrangler d1 migrations apply` enforces
   * foreign keys in each migration.
   */
  readonly appliedBy?: 'slipway' | 'wrangler'
  /** As `server_version_num`: 150018; 180000 if no server was queried. */
  readonly serverVersion: number
  readonly defaultSchema: string
  /** Keyed by `objectKey`. Absent if unknown; every existing table then counts as filled. */
  readonly tables?: ReadonlyMap<string, TableFacts>
}

/** The size classes of a table that affect how severe a hazard is. */
export type TableSize =
  /** Created by the judged migration, or not yet on the target: no client uses it. */
  'new' | 'empty' | 'small' | 'filled'

/** A table with fewer rows than this is locked too briefly to be noticed. */
const SMALL = 1000

/** How big a table is at the judged statement. */
export function sizeOf(
  { schema, facts, migration }: Pick<Context, 'schema' | 'facts' | 'migration'>,
  name: ObjectName,
): TableSize {
  const table = tableNamed(schema, name)
  if (table?.createdBy === migration.name) return 'new'
  if (facts.tables === undefined) return 'filled'
  if (table?.createdBy !== undefined && table.onTarget === undefined) return 'new'
  const rows = facts.tables.get(objectKey(tableRef(schema, table?.onTarget ?? name)))?.rows
  if (rows === undefined) return 'filled'
  if (rows === 0) return 'empty'
  return rows < SMALL ? 'small' : 'filled'
}

/** Whether a statement that reads or writes all rows of a table would take noticeably long. */
export function isFilled(context: Context, table: ObjectName): boolean {
  return sizeOf(context, table) === 'filled'
}
