import type { Pool } from 'pg'

export interface PoolFit {
  /** Whether all instances can open all of their connections at the same time. */
  readonly fits: boolean
  /** Connections that the server allows for ordinary roles. */
  readonly available: number
  /** `instances × max`. */
  readonly wanted: number
  /** The largest `max` with which all instances fit; at least 1. */
  readonly recommendedMax: number
  /** A warning for the log; absent if the size fits. */
  readonly warning?: string
}

/** The share of the server's connections that is reserved for migrations, consoles and overlapping deploys. */
const RESERVE = 0.2

/**
 * Compares the pool with the server: `instances` processes with this pool's `max`, against `max_connections`, the limit
 * of the role and the limit of the database. Call it once, when the application starts. Do not call it behind a pooler:
 * there, the result would concern the pooler's own connections.
 */
export async function checkPoolSize(pool: Pool, instances: number): Promise<PoolFit> {
  const { rows } = await pool.query<{ available: number }>(`
    SELECT least(
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0), -- since PostgreSQL 16
      (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
      (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    )::int AS available`)
  const available = rows[0]?.available ?? 0
  const max = pool.options.max
  const wanted = instances * max
  const recommendedMax = Math.max(1, Math.floor((available * (1 - RESERVE)) / instances))
  if (wanted <= available) return { fits: true, available, wanted, recommendedMax }
  const warning =
    `${instances} instances with up to ${max} connections each need ${wanted} connections, but the server allows ` +
    `${available}. Set the pool's max to ${recommendedMax}, or use a pooler.`
  return { fits: false, available, wanted, recommendedMax, warning }
}
