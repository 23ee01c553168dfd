import type { D1Database } from '@cloudflare/workers-types'
import { PrismaD1 } from '@prisma/adapter-d1'
import { MIGRATIONS } from '../generated/migrations.ts'
import { PrismaClient } from '../generated/prisma/client.ts'

export { Prisma } from '../generated/prisma/client.ts'
export type { PrismaClient } from '../generated/prisma/client.ts'

/** A client for the database of one request. It opens no connection, so it costs little. */
export function createClient(database: D1Database): PrismaClient {
  return new PrismaClient({ adapter: new PrismaD1(database) })
}

/** The history of a database, compared with the migrations of this build. */
export interface MigrationState {
  /** Migrations of this build that are not applied. */
  readonly pending: readonly string[]
  /** Applied migrations that this build does not know: the database is ahead. */
  readonly ahead: readonly string[]
  readonly last: string | null
}

/** Reads the history that wrangler and Slipway write. Without a history, all migrations are pending. */
export async function readMigrationState(database: D1Database): Promise<MigrationState> {
  const applied = await readHistory(database)
  return {
    pending: MIGRATIONS.filter((name) => !applied.includes(name)),
    ahead: applied.filter((name) => !MIGRATIONS.includes(name)),
    last: applied.at(-1) ?? null,
  }
}

async function readHistory(database: D1Database): Promise<readonly string[]> {
  const exists = await database
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'd1_migrations'")
    .first()
  if (exists === null) return []
  const { results } = await database
    .prepare('SELECT name FROM d1_migrations ORDER BY id')
    .all<{ name: string }>()
  return results.map(({ name }) => name)
}
