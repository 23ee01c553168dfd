import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { sqlStateOf } from '../errors/index.ts'
import { type CheckResult, fail, pass, warn } from './report.ts'

export interface MigrationsOptions {
  /** The names of the migrations of this build, as `migrationsIn` reads them. */
  readonly expected: readonly string[]
  /** The schema of `_prisma_migrations`. Default: the first of the `search_path`. */
  readonly schema?: string
  /**
   * Whether the instance stays ready if the database has migrations that this build does not know. This is normal
   * during the rollout of a new version, but unsafe if migrations break older builds. Default true, with a warning.
   */
  readonly readyWhenNewer?: boolean
}

/** Runs SQL and returns its rows. */
export type RunSql = <T>(sql: string) => Promise<readonly T[]>

interface HistoryRow {
  readonly name: string
  readonly finished: boolean
  readonly rolledBack: boolean
}

/** The names of the migrations in Prisma's folder, sorted. Read them at build time if the folder is not deployed. */
export function migrationsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(path.join(folder, name, 'migration.sql')))
    .toSorted()
}

/** Compares Prisma's history in the database with the migrations of this build. */
export async function checkMigrations(
  runSql: RunSql,
  { expected, schema, readyWhenNewer = true }: MigrationsOptions,
): Promise<CheckResult> {
  const history = await readHistory(runSql, schema)
  const applied = new Set(history.filter(isApplied).map(({ name }) => name))
  const known = new Set(expected)
  const unfinished = history.filter((row) => !row.finished && !row.rolledBack)
  const failed = unfinished.map(({ name }) => name).filter((name) => known.has(name))
  const pending = expected.filter((name) => !applied.has(name) && !failed.includes(name))
  // Also one that a deploy of a newer build is running at this moment.
  const newer = history.filter(({ rolledBack, name }) => !rolledBack && !known.has(name))
  const facts = { applied: applied.size, pending, failed, newer: newer.map(({ name }) => name) }
  if (failed.length > 0)
    return fail('A migration of this build has failed, or is still running.', facts)
  if (pending.length > 0) return fail('Migrations of this build are pending.', facts)
  if (newer.length === 0) return pass(facts)
  const problem = 'The database has migrations that this build does not know.'
  return readyWhenNewer ? warn(problem, facts) : fail(problem, facts)
}

function isApplied({ finished, rolledBack }: HistoryRow): boolean {
  return finished && !rolledBack
}

async function readHistory(runSql: RunSql, schema: string | undefined): Promise<HistoryRow[]> {
  const prefix = schema === undefined ? '' : `"${schema.replaceAll('"', '""')}".`
  const sql = `
    SELECT migration_name AS name, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS "rolledBack"
    FROM ${prefix}_prisma_migrations ORDER BY started_at`
  try {
    return [...(await runSql<HistoryRow>(sql))]
  } catch (error) {
    // Nothing was ever migrated here.
    if (sqlStateOf(error) === '42P01') return []
    throw error
  }
}
