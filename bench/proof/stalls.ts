import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** The longest time that a query of another session took, in ms. */
export interface Stall {
  readonly readMs: number
  readonly writeMs: number
}

const PAUSE_MS = 5

/**
 * Runs work while one session repeatedly reads a row of the large table by its key, and another
 * repeatedly inserts its own rows.
 */
export async function underTraffic<T>(
  url: string,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly stall: Stall }> {
  const end = new AbortController()
  const reading = longest(url, end.signal, () => 'SELECT "name" FROM "big" WHERE "id" = 1')
  const writing = longest(
    url,
    end.signal,
    (count) => `INSERT INTO "big" ("id", "name") VALUES (${-count}, 'new')`,
  )
  try {
    const value = await work()
    end.abort()
    return { value, stall: { readMs: await reading, writeMs: await writing } }
  } finally {
    end.abort()
    await Promise.allSettled([reading, writing])
  }
}

async function longest(
  url: string,
  signal: AbortSignal,
  query: (count: number) => string,
): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let most = 0
  try {
    for (let count = 1; !signal.aborted; count++) {
      const began = performance.now()
      await client.query(query(count))
      most = Math.max(most, performance.now() - began)
      await sleep(PAUSE_MS)
    }
    return most
  } finally {
    await client.end()
  }
}
