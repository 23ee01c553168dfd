import type { Dialect } from '../database/index.ts'
import { type OnShadow, type Proof, prove as proveOnPostgres, type ProveOptions } from './prove.ts'

type Prove = (onShadow: OnShadow, options: ProveOptions) => Promise<Proof>

const PROVERS: Readonly<Record<Dialect, () => Promise<Prove>>> = {
  postgres: async () => proveOnPostgres,
  sqlite: async () => (await import('./sqlite/prove.ts')).proveOnSqlite,
}

/**
 * Proves a migration: up, down, up again, on generated rows, with schemas and rows compared. Fails with
 * SHADOW.REPLAY_FAILED if the migration does not run.
 */
export async function prove(
  dialect: Dialect,
  onShadow: OnShadow,
  options: ProveOptions,
): Promise<Proof> {
  const proveIt = await PROVERS[dialect]()
  return await proveIt(onShadow, options)
}
