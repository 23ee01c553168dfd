import type { Redis, RedisOptions } from 'ioredis'

/** An unavailable Redis must cost almost nothing: commands fail immediately, and we reconnect in the background. */
const FAIL_FAST: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  connectTimeout: 1000,
  commandTimeout: 250,
}

/** The subscription must be made as soon as Redis is available, however late that is. */
const PATIENT: RedisOptions = { enableOfflineQueue: true, maxRetriesPerRequest: null }

/** The connections of a cache: for its values, and for the bus by which processes tell each other what has changed. */
export interface RedisConnections {
  readonly store: Redis
  readonly bus: Redis
  disconnect(): void
}

/** Connects, and waits for the first success or failure: the cache starts without Redis, too. */
export async function connectToRedis(
  url: string,
  onError: ((error: unknown) => void) | undefined,
): Promise<RedisConnections> {
  const ioredis = await import('ioredis')
  const all: Redis[] = []
  const connect = (options: RedisOptions) => {
    const connection = new ioredis.Redis(url, {
      retryStrategy: (attempt) => Math.min(attempt * 50, 1000),
      ...options,
    })
    // Without a listener ioredis writes to the console.
    connection.on('error', (error: unknown) => onError?.(error))
    all.push(connection)
    return connection
  }
  const store = connect(FAIL_FAST)
  const bus = connect({ ...FAIL_FAST, lazyConnect: true })
  // The bus duplicates the connection that it is given: first to publish, then to subscribe.
  const duplicates = [FAIL_FAST, PATIENT]
  bus.duplicate = () => withoutRejection(connect(duplicates.shift() ?? PATIENT))
  await new Promise<void>((resolve) => {
    store.once('ready', resolve)
    store.once('error', () => resolve())
  })
  return {
    store,
    bus,
    disconnect: () => {
      for (const connection of all) connection.disconnect()
    },
  }
}

/** The bus does not await its subscription: if one is pending at disconnect, its rejection would end the process. */
function withoutRejection(connection: Redis): Redis {
  const subscribe = connection.subscribe.bind(connection) as (
    ...names: string[]
  ) => Promise<unknown>
  connection.subscribe = async (...names: unknown[]) =>
    await subscribe(...(names as string[])).catch(() => 0)
  return connection
}
