import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Runs SQL in the database of `url` over a new connection. Returns the rows of the last statement. */
export async function runSql(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const results: unknown = await client.query(sql)
    const last = Array.isArray(results) ? results.at(-1) : results
    return (last as pg.QueryResult).rows
  } finally {
    await client.end()
  }
}

const READY_TIMEOUT_MS = 30_000

/** Waits until a server accepts connections. Throws its error after 30 s, or immediately if it `hasEnded`. */
export async function untilReady(url: string, hasEnded = () => false): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS
  for (;;) {
    try {
      await runSql(url, 'SELECT 1')
      return
    } catch (error) {
      if (hasEnded() || Date.now() > deadline) throw error
    }
    await sleep(25)
  }
}
