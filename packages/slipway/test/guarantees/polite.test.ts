import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { deploy, type DeployRequest, withTarget } from '../../src/deploy/index.ts'
import { ConnectionString, type Event } from '../../src/kernel/index.ts'
import { restoreKept } from '../../src/safekeeping/index.ts'
import { createDatabase, type TestDatabase } from '../postgres.ts'

// Guarantee 6: a deploy never queues other sessions behind a lock request for longer than the lock timeout.

const LOCK_TIMEOUT_MS = 200
/** A session queued behind the deploy would have to wait for the reader, which holds its lock for longer. */
const LONGEST_READ_MS = 3000
const HOLD_MS = 4000
/** A limit for the wait for an event: a deploy that gives up no lock request emits none. */
const LONGEST_WAIT_MS = 15_000
const MIGRATIONS = [
  {
    name: '1_init',
    sql: 'CREATE TABLE "Order" ("id" SERIAL PRIMARY KEY); INSERT INTO "Order" DEFAULT VALUES;',
  },
  { name: '2_change', sql: 'ALTER TABLE "Order" ADD COLUMN "note" TEXT;' },
]

function requestFor(database: TestDatabase, more: Partial<DeployRequest> = {}): DeployRequest {
  return {
    address: { kind: 'postgres', url: new ConnectionString(database.url) },
    environment: 'development',
    protected: false,
    confirm: false,
    migrations: MIGRATIONS,
    limits: { lockTimeoutMs: LOCK_TIMEOUT_MS, statementTimeoutMs: 60_000 },
    deadlineMs: 30_000,
    shadow: { dialect: 'postgres', cacheDir: '/nonexistent' },
    signal: new AbortController().signal,
    emit: () => {},
    consent: { confirm: undefined },
    acceptDrift: true,
    ...more,
  }
}

async function withClient<T>(
  database: TestDatabase,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: database.url,
    application_name: 'nightly report',
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Reads one row again and again until `stop`. Returns the longest wait in ms. */
async function longestRead(database: TestDatabase, stop: AbortSignal): Promise<number> {
  return await withClient(database, async (client) => {
    let longest = 0
    while (!stop.aborted) {
      const began = performance.now()
      await client.query('SELECT 1 FROM "Order" WHERE "id" = 1')
      longest = Math.max(longest, performance.now() - began)
      await sleep(5)
    }
    return longest
  })
}

/**
 * Holds a reader's lock until `deploying` emits an event for which `until` is true, and for some time after
 * that. Returns the result of `deploying`.
 */
async function heldByReader<T>(
  database: TestDatabase,
  until: (event: Event) => boolean,
  deploying: (emit: (event: Event) => void) => Promise<T>,
): Promise<T> {
  return await withClient(database, async (reader) => {
    await reader.query('BEGIN; SELECT * FROM "Order"')
    const seen = Promise.withResolvers<void>()
    const ended = Promise.race([seen.promise, sleep(LONGEST_WAIT_MS)])
      .then(() => sleep(HOLD_MS))
      .then(() => reader.query('COMMIT'))
    const deployed = await deploying((event) => {
      if (until(event)) seen.resolve()
    })
    seen.resolve()
    await ended
    return deployed
  })
}

test('a deploy waits for a long reader and names it, without blocking other readers', async () => {
  const database = await createDatabase()
  try {
    await deploy(requestFor(database, { migrations: MIGRATIONS.slice(0, 1) }))
    const events: Event[] = []
    const stop = new AbortController()
    const reading = longestRead(database, stop.signal)
    const isNamed = (event: Event) => event.kind === 'blocked' && event.blockers.length > 0
    const outcome = await heldByReader(database, isNamed, (emit) =>
      deploy(
        requestFor(database, {
          emit: (event) => {
            events.push(event)
            emit(event)
          },
        }),
      ),
    )
    stop.abort()
    expect(await reading).toBeLessThan(LONGEST_READ_MS)
    expect(outcome.failure).toBeUndefined()
    expect(outcome.receipts[0]).toMatchObject({ status: 'done' })
    expect(outcome.receipts[0]?.attempts).toBeGreaterThan(1)
    const blockers = events.flatMap((event) => (event.kind === 'blocked' ? event.blockers : []))
    // Reported once: while this blocker continues, the deploy does not try again.
    expect(blockers).toEqual([
      expect.objectContaining({ application: 'nightly report', state: 'idle in transaction' }),
    ])
  } finally {
    await database.drop()
  }
})

test.each([
  ['removes the limits', 'SET lock_timeout = 0; SET statement_timeout = 0;'],
  ['removes them by a function', "SELECT pg_catalog.set_config('lock_timeout', '0', false);"],
  [
    'removes them in its code',
    "DO $$ BEGIN PERFORM set_config('lock_timeout', '0', false); END $$; INSERT INTO \"Order\" DEFAULT VALUES;",
  ],
])('a migration that %s does not block other readers for longer', async (_what, sets) => {
  const database = await createDatabase()
  try {
    const [init, change] = MIGRATIONS
    await deploy(requestFor(database, { migrations: MIGRATIONS.slice(0, 1) }))
    const stop = new AbortController()
    const reading = longestRead(database, stop.signal)
    const migrations = [init, { ...change, sql: `${sets}\n${change?.sql}` }] as typeof MIGRATIONS
    const isBlocked = (event: Event) => event.kind === 'blocked'
    const outcome = await heldByReader(database, isBlocked, (emit) =>
      deploy(requestFor(database, { migrations, emit })),
    )
    stop.abort()
    expect(await reading).toBeLessThan(LONGEST_READ_MS)
    expect(outcome.failure).toBeUndefined()
    expect(outcome.receipts[0]?.attempts).toBeGreaterThan(1)
  } finally {
    await database.drop()
  }
})

test('kept restore does not block other readers for longer, and succeeds', async () => {
  const database = await createDatabase()
  try {
    const [init, change] = MIGRATIONS
    const drop = { name: '3_drop', sql: 'ALTER TABLE "Order" DROP COLUMN "note";' }
    const filled = { name: '2_change', sql: `${change?.sql} UPDATE "Order" SET "note" = 'old';` }
    // With forced row security, a restore must lock the table against all other sessions.
    const again = {
      name: '4_again',
      sql: 'ALTER TABLE "Order" ADD COLUMN "note" TEXT, FORCE ROW LEVEL SECURITY;',
    }
    const migrations = [init, filled, drop, again] as typeof MIGRATIONS
    const request = requestFor(database, { migrations })
    const { kept, failure } = await deploy(request)
    expect(failure).toBeUndefined()
    const id = kept.find(({ kind }) => kind === 'columns')?.id ?? 0
    const stop = new AbortController()
    const reading = longestRead(database, stop.signal)
    const restored = await withClient(database, async (reader) => {
      await reader.query('BEGIN; SELECT * FROM "Order"')
      const ended = sleep(2000).then(() => reader.query('COMMIT'))
      const one = await withTarget(request, (_session, target) => restoreKept(target, id))
      await ended
      return one
    })
    stop.abort()
    expect(await reading).toBeLessThan(LONGEST_READ_MS)
    expect(restored).toMatchObject({ state: 'restored' })
    await withClient(database, async (client) => {
      const { rows } = await client.query('SELECT "note" FROM "Order"')
      expect(rows).toEqual([{ note: 'old' }])
    })
  } finally {
    await database.drop()
  }
})

test('at the deadline a deploy gives up, names the blocker, and has changed nothing', async () => {
  const database = await createDatabase()
  try {
    await deploy(requestFor(database, { migrations: MIGRATIONS.slice(0, 1) }))
    const outcome = await withClient(database, async (reader) => {
      await reader.query("BEGIN; SELECT * FROM \"Order\" WHERE 'secret-value' <> ''")
      // Long enough for a second session to find the blocker, even on a busy machine.
      const limits = { lockTimeoutMs: 3000, statementTimeoutMs: 60_000 }
      return await deploy(requestFor(database, { deadlineMs: 6000, limits }))
    })
    expect(outcome.failure?.code).toBe('DEPLOY.LOCK_TIMEOUT')
    expect(outcome.failure?.why).toContain('nightly report')
    expect(JSON.stringify(outcome)).not.toContain('secret-value')
    expect(outcome.receipts.map(({ status }) => status)).toEqual(['failed'])
    const retried = await deploy(requestFor(database))
    expect(retried.receipts.map(({ status }) => status)).toEqual(['done'])
  } finally {
    await database.drop()
  }
})
