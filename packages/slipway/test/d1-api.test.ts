import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Address,
  atomic,
  d1Bookmark,
  d1Facts,
  d1Restore,
  type RemoteD1,
  type Session,
  withSession,
} from '../src/database/index.ts'
import { failureOf, Secret } from '../src/kernel/index.ts'
import { readFingerprint, readSchema } from '../src/schema/index.ts'
import { type D1Action, type D1Fault, TEST_TOKEN, type TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'

/** Slipway's client of D1's REST API, against the stand-in. */

let server: D1Server
let shop: TestDatabase
/** An address whose calls give up soon. */
let address: RemoteD1

beforeEach(async () => {
  server = await startD1Server({ polls: 1, analytics: { rowsRead: 1200, rowsWritten: 34 } })
  shop = server.create('shop')
  address = { ...shop.address, patienceMs: 20_000 }
  shop.d1
    .import(`CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL CONSTRAINT "a name" CHECK (name <> ''));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE);
    INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob');
    INSERT INTO orders VALUES (1, 1), (2, 1), (3, 2)`)
  server.calls.length = 0
})

afterEach(() => server.stop())

async function run<T>(work: (session: Session) => Promise<T>, at: Address = address): Promise<T> {
  return await withSession(at, {}, work)
}

async function failing(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain(TEST_TOKEN)
  const failure = failureOf(error)
  if (error !== undefined && !failure) throw error
  return failure
}

function rows(table: string) {
  return shop.d1.inspect(`SELECT * FROM ${table} ORDER BY 1`)
}

describe('a session', () => {
  it('is of the kind d1 and has the name of the database', async () => {
    await run(async (session) => {
      expect(session).toMatchObject({ kind: 'd1', ledger: 'main', d1: { name: 'shop' } })
      expect(session.server).toMatchObject({
        database: 'shop',
        schema: 'main',
        version: 'production',
      })
    })
  })

  it('reads and writes the same values as a session of a file', async () => {
    const create =
      'CREATE TABLE t (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, x, d BOOLEAN, UNIQUE (i))'
    const values = [
      [1, 1.5, 'text', new Uint8Array([0, 255]), 3, 4, true],
      [9007199254740993n, -0.1, '', new Uint8Array(), 1.25, 'x', false],
      [-9223372036854775808n, 1e300, 'a\nb', null, 7n, 2n ** 53n, null],
      ['12', 5, 6, 7, 8, 9.5, 0],
    ]
    const insert = 'INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7)'
    const reads = [
      'SELECT * FROM t ORDER BY i',
      'SELECT i FROM t ORDER BY i DESC LIMIT 2;',
      'WITH a AS (SELECT max(i) AS m FROM t) SELECT m, typeof(m) AS kind FROM a -- the largest',
      'SELECT quote(x) AS x, typeof(x) AS kind FROM t ORDER BY i',
      'SELECT 1 AS a, 2 AS a',
      'SELECT * FROM t WHERE i = 99',
    ]
    const all = async (session: Session) => {
      await session.execute(create)
      for (const row of values) await session.query(insert, row)
      const found = []
      for (const sql of reads) {
        const { columns, rows: texts } = await session.queryRaw(sql)
        found.push([sql, await session.query(sql), columns.map(({ name }) => name), texts])
      }
      return found
    }
    expect(await run(all)).toEqual(await run(all, { kind: 'sqlite' }))
  })

  it('returns the number of rows that a statement wrote', async () => {
    await run(async (session) => {
      const { affected } = await session.queryRaw('UPDATE orders SET customer = $1', [2])
      expect(affected).toBe(3)
      expect(await session.query('DELETE FROM orders WHERE id > $1 RETURNING id', [1])).toEqual([
        { id: 2 },
        { id: 3 },
      ])
    })
  })

  it('runs a script as a whole or not at all, with foreign keys or without', async () => {
    const rebuild = `CREATE TABLE new_customers (id INTEGER PRIMARY KEY, name TEXT, mail TEXT);
      INSERT INTO new_customers (id, name) SELECT id, name FROM customers;
      DROP TABLE customers;
      ALTER TABLE new_customers RENAME TO customers;`
    await run(async (session) => {
      const failed = atomic(session).runAtomically(`${rebuild} INSERT INTO missing VALUES (1)`, {
        foreignKeys: false,
      })
      expect(await failing(failed)).toMatchObject({
        code: 'DATABASE.STATEMENT',
        sqlite: { code: 1, message: 'no such table: missing' },
      })
      expect(rows('orders')).toHaveLength(3)
      await atomic(session).runAtomically(rebuild, { foreignKeys: false })
      expect(rows('orders')).toHaveLength(3)
      await atomic(session).runAtomically('DELETE FROM customers WHERE id = 1', {
        foreignKeys: true,
      })
      expect(rows('orders')).toEqual([{ id: 3, customer: 2 }])
    })
  })

  it('reads a schema in few calls, with the same result as from a file', async () => {
    shop.d1.query(`CREATE INDEX by_customer ON orders (customer) WHERE id > 0;
      CREATE VIEW names AS SELECT name FROM customers;
      CREATE TRIGGER after_order AFTER INSERT ON orders BEGIN UPDATE customers SET name = name || '!' WHERE id = NEW.customer; END;
      CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT)`)
    const read = async (session: Session) => [
      await readSchema(session, { keys: true, constraints: true, filling: true, values: true }),
      await readFingerprint(session),
    ]
    const file = await run(read, { kind: 'sqlite', file: shop.d1.file })
    server.calls.length = 0
    expect(await run(read)).toEqual(file)
    expect(server.calls.length).toBeLessThan(12)
  })

  it('runs the same script twice', async () => {
    await run(async (session) => {
      await session.execute(`INSERT INTO customers (name) VALUES ('Eve')`)
      await session.execute(`INSERT INTO customers (name) VALUES ('Eve')`)
    })
    expect(rows('customers')).toHaveLength(4)
  })

  it('aborts its running call when it is destroyed', async () => {
    server.fault = ({ action }) => (action === 'raw' ? { kind: 'silent' } : undefined)
    const failure = await failing(
      run(async (session) => {
        setTimeout(() => session.destroy(), 100)
        await session.query('SELECT 1')
      }),
    )
    expect(failure?.code).toBe('DATABASE.UNREACHABLE')
  })
})

describe('a session that is destroyed while it waits', () => {
  it('has sent nothing', async () => {
    server.fault = ({ action }) =>
      action === 'raw' ? { kind: 'status', status: 429, retryAfter: 5 } : undefined
    const failure = await failing(
      run(async (session) => {
        setTimeout(() => session.destroy(), 200)
        await session.query('DELETE FROM orders')
      }),
    )
    expect(failure?.code).toBe('DATABASE.UNREACHABLE')
    expect(rows('orders')).toHaveLength(3)
  })
})

describe('a refused statement', () => {
  const refused = (sql: string) => failing(run((session) => session.query(sql)))

  it('keeps the message of SQLite and the name of the constraint', async () => {
    expect(await refused(`INSERT INTO customers VALUES (3, '')`)).toMatchObject({
      code: 'DATABASE.STATEMENT',
      sqlite: {
        code: 275,
        name: 'SQLITE_CONSTRAINT_CHECK',
        message: 'CHECK constraint failed: a name',
      },
    })
    expect((await refused('DELETE FROM customers WHERE nope'))?.sqlite?.message).toBe(
      'no such column: nope',
    )
  })

  it('contains no values of rows', async () => {
    shop.d1
      .query(`CREATE TRIGGER keep BEFORE DELETE ON customers BEGIN SELECT RAISE(ABORT, 'it''s kept'); END;
      CREATE TRIGGER say BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'secret of ' || OLD.name); END`)
    expect((await refused('DELETE FROM customers'))?.sqlite?.message).toBe(`it's kept`)
    const failures = [
      await refused('UPDATE customers SET id = 9 WHERE id = 1'),
      await refused(`SELECT json_extract('{}', name) FROM customers`),
      await failing(run((session) => session.execute('UPDATE customers SET id = 9'))),
    ]
    expect(failures.map((failure) => failure?.sqlite?.message)).toEqual([
      'a trigger refused the row',
      'bad JSON path: …',
      'a trigger refused the row',
    ])
    expect(JSON.stringify(failures)).not.toContain('Ada')
  })

  it('names the maximum length of a statement, alone and in a script', async () => {
    const sql = `INSERT INTO customers VALUES (3, '${'x'.repeat(100_000)}')`
    const expected = {
      code: 'DATABASE.STATEMENT',
      why: expect.stringContaining('100,000 bytes'),
      sqlite: { name: 'SQLITE_TOOBIG' },
    }
    expect(await refused(sql)).toMatchObject(expected)
    expect(await failing(run((session) => session.execute(sql)))).toMatchObject(expected)
    const many = `INSERT INTO orders (customer) VALUES (1);\n`.repeat(5000)
    await run((session) => session.execute(many))
    expect(rows('orders')).toHaveLength(5003)
  })
})

describe('refused access', () => {
  it.each([
    ['a wrong token', 'another-token', undefined],
    ['a token without rights', TEST_TOKEN, 'none'],
  ] as const)('%s', async (_name, token, rights) => {
    const strict = await startD1Server(rights ? { tokens: { [TEST_TOKEN]: rights } } : {})
    const to = { ...strict.create('shop').address, token: new Secret(token) }
    expect(await failing(run(async () => {}, to))).toMatchObject({
      code: 'DATABASE.AUTHENTICATION',
      nextActions: [{ label: expect.stringContaining('D1:Edit') }],
    })
    expect(strict.calls).toHaveLength(1)
    await strict.stop()
  })

  it('a token that may only read, when something is written', async () => {
    const strict = await startD1Server({ tokens: { [TEST_TOKEN]: 'read' } })
    const to = strict.create('shop').address
    const failure = await failing(run((session) => session.execute('CREATE TABLE t (a)'), to))
    expect(failure?.code).toBe('DATABASE.AUTHENTICATION')
    await strict.stop()
  })

  it('an invalid token', async () => {
    const secret = 'secret\nof two lines'
    const failure = await failing(run(async () => {}, { ...address, token: new Secret(secret) }))
    expect(failure?.code).toBe('DATABASE.AUTHENTICATION')
    expect(JSON.stringify(failure)).not.toContain('secret')
    expect(server.calls).toHaveLength(0)
  })

  it('a database that does not exist', async () => {
    const missing = { ...address, databaseId: '00000000-0000-4000-8000-000000000000' }
    expect((await failing(run(async () => {}, missing)))?.code).toBe('DATABASE.NOT_FOUND')
  })

  it('a server that accepts no connection', async () => {
    const gone = await startD1Server()
    const nowhere = { ...gone.create('shop').address, patienceMs: 500 }
    await gone.stop()
    expect(await failing(run(async () => {}, nowhere))).toMatchObject({
      code: 'DATABASE.UNREACHABLE',
      why: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

describe('the rate limit', () => {
  it('makes the client wait as long as Cloudflare says', async () => {
    const limited = await startD1Server({ limit: { calls: 3, windowMs: 1500 } })
    const to = limited.create('shop').address
    const notices: string[] = []
    const started = Date.now()
    await withSession(to, { onNotice: (text) => notices.push(text) }, async (session) => {
      for (let at = 0; at < 5; at++) await session.query('SELECT 1')
    })
    expect(Date.now() - started).toBeGreaterThan(1400)
    expect(notices.length).toBeGreaterThan(0)
    await limited.stop()
  })

  it('has its own failure code if it lasts too long, and nothing was changed', async () => {
    server.fault = ({ action }) =>
      action === 'import-ingest' ? { kind: 'status', status: 429, retryAfter: 300 } : undefined
    const failure = await failing(run((session) => session.execute('DELETE FROM orders')))
    expect(failure).toMatchObject({
      code: 'DATABASE.RATE_LIMITED',
      why: expect.stringContaining('5 min'),
    })
    expect(rows('orders')).toHaveLength(3)
  })

  it('loses no import: refused calls are sent again', async () => {
    server.fault = once(({ action }) => action === 'import-ingest', {
      kind: 'status',
      status: 429,
      retryAfter: 0,
    })
    await run((session) => session.execute('DELETE FROM orders'))
    expect(rows('orders')).toEqual([])
  })
})

function once(
  applies: (call: { readonly action: D1Action; readonly number: number }) => boolean,
  fault: D1Fault,
): D1Server['fault'] {
  let done = false
  return (call) => {
    if (done || !applies(call)) return undefined
    done = true
    return fault
  }
}

describe('imports', () => {
  const insert = `INSERT INTO orders (customer) VALUES (2)`
  const add = () => run((session) => session.execute(insert))

  it('wait for the import of another program', async () => {
    const other = shop.d1.bookmark()
    const { address: busy } = shop
    const init = await call('/import', { action: 'init', etag: 'e' })
    await fetch(String(init['upload_url']), { method: 'PUT', body: 'SELECT 1' })
    // With a wrong etag the import does not begin. The next call has the right one.
    const file = 'INSERT INTO orders (customer) VALUES (1)'
    const { createHash } = await import('node:crypto')
    const etag = createHash('md5').update(file).digest('hex')
    const begun = await call('/import', { action: 'init', etag })
    await fetch(String(begun['upload_url']), { method: 'PUT', body: file })
    const running = await call('/import', { action: 'ingest', etag, filename: begun['filename'] })
    expect(running).toMatchObject({ status: 'active', at_bookmark: other })
    const work = run((session) => session.execute(insert), busy)
    setTimeout(() => void call('/import', { action: 'poll', current_bookmark: other }), 700)
    await work
    expect(rows('orders')).toHaveLength(5)
  })

  it('are refused when another one does not end', async () => {
    server.fault = ({ action }) => (action === 'import-init' ? { kind: 'import-busy' } : undefined)
    address = { ...address, patienceMs: 800 }
    expect((await failing(add()))?.code).toBe('DATABASE.LOCKED')
  })

  it('are restarted if the file did not arrive', async () => {
    server.fault = once(({ action }) => action === 'upload', { kind: 'forget' })
    await add()
    expect(rows('orders')).toHaveLength(4)
  })

  it('that Cloudflare cancels have an unknown outcome', async () => {
    server.fault = ({ action }) =>
      action === 'import-poll'
        ? { kind: 'import-error', message: 'Cancelled due to no poll() received in 15000ms.' }
        : undefined
    expect(await failing(add())).toMatchObject({
      code: 'DATABASE.OUTCOME_UNKNOWN',
      why: expect.stringContaining('Cancelled'),
    })
    expect(rows('orders')).toHaveLength(3)
  })

  it('are polled until they end even if the response to the first call was lost', async () => {
    server.fault = once(({ action }) => action === 'import-ingest', { kind: 'lost-answer' })
    expect((await failing(add()))?.code).toBe('DATABASE.OUTCOME_UNKNOWN')
    expect(rows('orders')).toHaveLength(4)
    expect(server.calls.map(({ action }) => action)).toEqual([
      'get',
      'import-init',
      'upload',
      'import-ingest',
      'bookmark',
      'import-poll',
      'query',
    ])
  })

  async function call(path: string, body: unknown) {
    const { accountId, databaseId, apiUrl } = shop.address
    const answer = await fetch(`${apiUrl}/accounts/${accountId}/d1/database/${databaseId}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TEST_TOKEN}` },
      body: JSON.stringify(body),
    })
    return ((await answer.json()) as { readonly result: Record<string, unknown> }).result
  }
})

describe('time travel, exports and facts', () => {
  it('restore a state, and then the state before the restore', async () => {
    const before = await d1Bookmark(address)
    await run((session) => session.execute('DROP TABLE orders'))
    const { bookmark, previous } = await d1Restore(address, before)
    expect(rows('orders')).toHaveLength(3)
    expect(bookmark).toBe(await d1Bookmark(address))
    await d1Restore(address, previous)
    expect(shop.d1.inspect(`SELECT 1 FROM sqlite_schema WHERE name = 'orders'`)).toEqual([])
    expect(await d1Bookmark(address, { at: new Date() })).toBe(await d1Bookmark(address))
    expect((await failing(d1Restore(address, 'never')))?.code).toBe('DATABASE.STATEMENT')
  })

  it('report the size and the usage of a database', async () => {
    expect(await d1Facts(address)).toMatchObject({
      bytes: expect.any(Number),
      tables: 2,
      region: 'WEUR',
      version: 'production',
      lastDay: { rowsRead: 1200, rowsWritten: 34 },
    })
    server.fault = ({ action }) =>
      action === 'analytics' ? { kind: 'page', status: 403 } : undefined
    expect(await d1Facts(address)).not.toHaveProperty('lastDay')
  })

  it('report a page of a proxy as a database that does not answer', async () => {
    server.fault = ({ action }) => (action === 'raw' ? { kind: 'page', status: 418 } : undefined)
    expect(await failing(run((session) => session.query('SELECT 1')))).toMatchObject({
      code: 'DATABASE.UNREACHABLE',
    })
  })
})

/** Every fault, at every call of every operation: each operation changes the database at most once. */
describe('a fault', () => {
  const FAULTS: readonly [string, D1Fault][] = [
    ['429', { kind: 'status', status: 429, retryAfter: 0 }],
    ['500', { kind: 'status', status: 500 }],
    ['500 after the work', { kind: 'status', status: 500, carriedOut: true }],
    ['502 as a page', { kind: 'page', status: 502 }],
    ['504 after the work', { kind: 'status', status: 504, carriedOut: true }],
    ['a reset', { kind: 'reset' }],
    ['a lost answer', { kind: 'lost-answer' }],
    ['half an answer', { kind: 'cut-answer' }],
    ['half a request', { kind: 'cut-request', bytes: 40 }],
    ['a slow answer', { kind: 'slow', ms: 300 }],
    ['a 200 that is a page', { kind: 'page', status: 200 }],
    [
      'an interrupted database',
      { kind: 'status', status: 400, code: 7500, message: 'Network connection lost.' },
    ],
    [
      'a busy database',
      {
        kind: 'status',
        status: 400,
        code: 7500,
        message: 'D1 DB is overloaded. Too many requests queued.',
      },
    ],
    ['an import that fails', { kind: 'import-error', message: 'no such table: x: SQLITE_ERROR' }],
    [
      'an import that is interrupted',
      { kind: 'import-error', message: 'D1 DB reset because its code was updated.' },
    ],
  ]

  /** Whether an operation cannot complete while a fault persists. */
  function preventsCompletion(action: D1Action, fault: D1Fault): boolean {
    if (fault.kind === 'slow' || fault.kind === 'import-error') return false
    if (fault.kind === 'cut-request') return action === 'upload'
    // The response to an upload has no body.
    if (fault.kind === 'cut-answer' && action === 'upload') return false
    // The content of a downloaded file is not checked.
    return action !== 'download' || fault.kind !== 'page' || fault.status !== 200
  }

  const insert = 'INSERT INTO orders (customer) VALUES (2)'
  const OPERATIONS: Readonly<Record<string, { changes: boolean; work(): Promise<unknown> }>> = {
    query: { changes: false, work: () => run((session) => session.query('SELECT * FROM orders')) },
    insert: { changes: true, work: () => run((session) => session.query(insert)) },
    script: {
      changes: true,
      work: () => run((session) => atomic(session).runAtomically(insert, { foreignKeys: false })),
    },
    bookmark: { changes: false, work: () => d1Bookmark(address) },
    facts: { changes: false, work: () => d1Facts(address) },
    restore: { changes: false, work: async () => d1Restore(address, shop.d1.bookmark() ?? '') },
  }

  it.each(Object.keys(OPERATIONS))('during %s', async (name) => {
    const { changes, work } = OPERATIONS[name]!
    server.calls.length = 0
    await work()
    const calls = server.calls.length
    const unknown: string[] = []
    for (let number = 1; number <= calls; number++) {
      for (const [title, fault] of FAULTS) {
        const before = rows('orders').length
        server.calls.length = 0
        server.fault = once((one) => one.number === number, fault)
        const failure = await failing(work())
        const where = `${title} at call ${number} of ${name}`
        server.fault = () => undefined
        const added = rows('orders').length - before
        const code = failure?.code
        if (code === undefined) expect(added, where).toBe(changes ? 1 : 0)
        else if (code === 'DATABASE.OUTCOME_UNKNOWN') {
          unknown.push(where)
          expect(changes || name === 'restore', where).toBe(true)
          expect(added, where).toBeLessThanOrEqual(1)
        } else {
          expect(fault.kind, `${where}: ${code}`).toBe('import-error')
          expect([code, added], where).toEqual(['DATABASE.STATEMENT', 0])
        }
      }
    }
    // Reads survive every transient fault.
    if (!changes && name !== 'restore') expect(unknown).toEqual([])
  })

  it.each(['query', 'insert', 'script', 'bookmark', 'restore'])(
    'that persists ends %s with a failure',
    async (name) => {
      const { work } = OPERATIONS[name]!
      address = { ...address, patienceMs: 400 }
      server.calls.length = 0
      await work()
      const actions = new Set(server.calls.map(({ action }) => action))
      for (const action of actions) {
        for (const [title, fault] of FAULTS.filter((one) => preventsCompletion(action, one[1]))) {
          const before = rows('orders').length
          server.fault = (one) => (one.action === action ? fault : undefined)
          const failure = await failing(work())
          server.fault = () => undefined
          shop.cancelImport()
          const where = `${title} at every ${action} of ${name}`
          expect(String(failure?.code), where).toMatch(
            /^DATABASE\.(UNREACHABLE|RATE_LIMITED|OUTCOME_UNKNOWN)$/,
          )
          if (failure?.code !== 'DATABASE.OUTCOME_UNKNOWN')
            expect(rows('orders').length, where).toBe(before)
        }
      }
    },
  )
})
