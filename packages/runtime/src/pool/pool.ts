import pg from 'pg'
import { currentOperation } from '../operation.ts'
import { poolConfig, type PoolOptions, type PoolPreset } from './config.ts'

/** How full a pool is, in connections and waiting operations. */
export interface PoolState {
  readonly max: number
  readonly open: number
  readonly idle: number
  readonly waiting: number
}

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void

/** A pool that tells the running operation how long it waited for a connection. */
class ObservedPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>
  override connect(callback: Connected): void
  override connect(callback?: Connected): Promise<pg.PoolClient> | void {
    const operation = currentOperation()
    const begin = performance.now()
    const note = () => {
      if (operation) operation.poolWait += performance.now() - begin
    }
    if (callback) {
      return super.connect((error, client, done) => {
        note()
        callback(error, client, done)
      })
    }
    return super.connect().finally(note)
  }
}

/**
 * A pool with the configuration of `poolConfig`, for `new PrismaPg(pool)`: unlike the configuration alone, health
 * checks and metrics can read its state. A lost connection, idle or in use, is dropped and does not end the
 * process. Close the pool with `pool.end()` after `prisma.$disconnect()`.
 */
export function createPool(
  connectionString: string | undefined,
  preset: PoolPreset = 'server',
  options: PoolOptions = {},
): pg.Pool {
  const pool = new ObservedPool(poolConfig(connectionString, preset, options))
  // Without a listener, Node ends the process (prisma#27641). The pool has already removed an idle connection;
  // queries on one in use are rejected.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {}).once('end', () => releaseLostConnection(client))
  })
  return pool
}

/**
 * Releases a connection that was lost while in use. Prisma 6 does not release the connection of a transaction: without
 * this, lost connections would eventually fill the pool.
 */
function releaseLostConnection(client: pg.PoolClient): void {
  const release = client.release.bind(client)
  // The holder of the connection may release it as well.
  client.release = () => {}
  try {
    release(true)
  } catch {
    // It was not in use.
  }
}

export function poolState(pool: pg.Pool): PoolState {
  const { totalCount, idleCount, waitingCount, options } = pool
  return { max: options.max, open: totalCount, idle: idleCount, waiting: waitingCount }
}
