import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPlatformProxy } from 'wrangler'
import { TEST_TOKEN } from './d1-call.ts'
import { startD1Server } from './d1-server.ts'
import { wrangler, writeWorker } from './wrangler.ts'

/**
 * The behaviour of D1 that Slipway relies on, observed on wrangler's own local database: these tests fail if
 * a new wrangler changes it. The stand-in of the API must behave in the same way.
 */
interface Facts {
  rows(sql: string, ...values: unknown[]): Promise<readonly Row[]>
  batch(...statements: string[]): Promise<readonly (readonly Row[])[]>
  close(): Promise<void>
}

type Row = Readonly<Record<string, unknown>>

interface Statement {
  bind(...values: unknown[]): Statement
  all(): Promise<{ readonly results: Row[] }>
}

interface D1 {
  prepare(sql: string): Statement
  batch(statements: Statement[]): Promise<{ readonly results: Row[] }[]>
}

async function workerd(): Promise<Facts> {
  const root = writeWorker({ name: 'facts', id: '00000000-0000-4000-8000-000000000001' })
  const { env, dispose } = await getPlatformProxy<{ DB: D1 }>({
    configPath: path.join(root, 'wrangler.jsonc'),
    persist: false,
  })
  return {
    rows: async (sql, ...values) => {
      const { results } = await env.DB.prepare(sql)
        .bind(...values)
        .all()
      return results
    },
    batch: async (...statements) => {
      const results = await env.DB.batch(statements.map((sql) => env.DB.prepare(sql)))
      return results.map((one) => one.results)
    },
    close: dispose,
  }
}

async function standIn(): Promise<Facts> {
  const server = await startD1Server()
  const { address, id } = server.create('facts')
  const query = async (sql: string, params: unknown[]) => {
    const answer = await fetch(
      `${server.url}/accounts/${address.accountId}/d1/database/${id}/query`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${TEST_TOKEN}` },
        body: JSON.stringify({ sql, params }),
      },
    )
    const { result, errors } = (await answer.json()) as {
      readonly result: { readonly results: Row[] }[]
      readonly errors: { readonly message: string }[]
    }
    if (!answer.ok) throw new Error(errors[0]?.message)
    return result.map(({ results }) => results)
  }
  return {
    rows: async (sql, ...values) => (await query(sql, values))[0] ?? [],
    batch: (...statements) => query(statements.join(';\n'), []),
    close: () => server.stop(),
  }
}

describe.each([
  ['workerd', workerd],
  ['the stand-in', standIn],
])('D1 of %s', (_name, start) => {
  let rows: Facts['rows']
  let batch: Facts['batch']
  let close: Facts['close']

  beforeAll(async () => {
    const facts = await start()
    ;({ rows, batch, close } = facts)
    await batch(
      `CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL CONSTRAINT "a name, short" CHECK (length(name) < 9)) STRICT`,
      `CREATE TABLE child (id INTEGER PRIMARY KEY, parent INT NOT NULL REFERENCES parent(id) ON DELETE CASCADE)`,
      `CREATE INDEX child_parent ON child (parent) WHERE parent > 0`,
      `INSERT INTO parent VALUES (1, 'a'), (2, 'b')`,
      `INSERT INTO child VALUES (1, 1), (2, 2)`,
    )
  })

  afterAll(() => close())

  describe('what D1 allows to be read', () => {
    it.each([
      'pragma_table_list',
      "pragma_table_xinfo('child')",
      "pragma_foreign_key_list('child')",
      "pragma_index_list('child')",
      "pragma_index_xinfo('child_parent')",
      'pragma_foreign_key_check',
      "pragma_foreign_key_check('child')",
      'pragma_foreign_keys',
      'pragma_quick_check',
    ])('%s', async (source) => {
      await expect(rows(`SELECT * FROM ${source}`)).resolves.toBeDefined()
    })

    it('the columns of every table in one query, without reserved tables', async () => {
      const all = `SELECT m.name, x.name AS "column" FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x`
      await expect(rows(all)).rejects.toThrow('not authorized: SQLITE_AUTH')
      const own = String.raw`${all} WHERE m.type = 'table' AND m.name NOT LIKE '\_cf\_%' ESCAPE '\'`
      expect(await rows(own)).toHaveLength(4)
    })

    it.each([
      'PRAGMA user_version',
      'PRAGMA integrity_check',
      'PRAGMA no_such_pragma',
      'SELECT * FROM pragma_function_list',
      'CREATE TEMP TABLE t (a)',
      'CREATE TABLE _cf_x (a)',
      "ATTACH ':memory:' AS x",
    ])('not %s', async (sql) => {
      await expect(rows(sql)).rejects.toThrow('not authorized: SQLITE_AUTH')
    })

    it.each(['sqlite_version()', "json_pretty('{}')", 'power(2, 2)', "unistr('a')"])(
      'not the function %s',
      async (call) => {
        await expect(rows(`SELECT ${call}`)).rejects.toThrow('not authorized to use function')
      },
    )

    it('not BEGIN', async () => {
      await expect(rows('BEGIN')).rejects.toThrow('BEGIN TRANSACTION or SAVEPOINT')
    })
  })

  describe('a batch', () => {
    it('ignores that foreign keys are switched off', async () => {
      const results = await batch('PRAGMA foreign_keys = OFF', 'PRAGMA foreign_keys')
      expect(results).toEqual([[], [{ foreign_keys: 1 }]])
    })

    it('is rolled back as a whole', async () => {
      const work = batch(`INSERT INTO parent VALUES (3, 'c')`, 'INSERT INTO missing VALUES (1)')
      await expect(work).rejects.toThrow('no such table: missing')
      expect(await rows('SELECT count(*) AS n FROM parent')).toEqual([{ n: 2 }])
    })

    it('leaves PRAGMA ignore_check_constraints on for the next caller', async () => {
      await rows('CREATE TABLE guard (ok INT CHECK (ok), reason INT NOT NULL)')
      await batch('PRAGMA ignore_check_constraints = ON')
      await rows('INSERT INTO guard VALUES (0, 1)')
      await expect(rows('INSERT INTO guard VALUES (1, NULL)')).rejects.toThrow('guard.reason')
      await batch('PRAGMA ignore_check_constraints = OFF')
      await expect(rows('INSERT INTO guard VALUES (0, 1)')).rejects.toThrow('CHECK')
    })
  })

  describe('errors', () => {
    it.each([
      [
        `INSERT INTO parent VALUES (3, 'too long a name')`,
        'CHECK constraint failed: a name, short: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)',
      ],
      ['INSERT INTO parent (id) VALUES (3)', 'NOT NULL constraint failed: parent.name'],
      [
        `INSERT INTO parent VALUES (1, 'x')`,
        'UNIQUE constraint failed: parent.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)',
      ],
      [
        'INSERT INTO child VALUES (3, 99)',
        'FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)',
      ],
      [`INSERT INTO parent VALUES ('x', 'x')`, 'datatype mismatch: SQLITE_MISMATCH'],
      ['SELEC 1', /near "SELEC": syntax error( at offset 0)?: SQLITE_ERROR/],
    ])('%s', async (sql, message) => {
      await expect(rows(sql)).rejects.toThrow(message)
    })
  })

  describe('limits', () => {
    it('100,000 bytes in a statement', async () => {
      const sql = (length: number) => `SELECT '${'x'.repeat(length - 9)}'`
      await expect(rows(sql(100_000))).resolves.toHaveLength(1)
      await expect(rows(sql(100_001))).rejects.toThrow('statement too long: SQLITE_TOOBIG')
    })

    it('100 parameters', async () => {
      const values = (count: number) => Array.from({ length: count }, () => 1)
      const sql = (count: number) =>
        `SELECT 1 WHERE 1 IN (${values(count).join().replaceAll('1', '?')})`
      await expect(rows(sql(100), ...values(100))).resolves.toHaveLength(1)
      await expect(rows(sql(101), ...values(101))).rejects.toThrow('too many SQL variables')
    })

    it('5 terms in a compound SELECT', async () => {
      const sql = (terms: number) =>
        Array.from({ length: terms }, () => 'SELECT 1').join(' UNION ALL ')
      await expect(rows(sql(5))).resolves.toHaveLength(5)
      await expect(rows(sql(6))).rejects.toThrow('too many terms in compound SELECT')
    })
  })

  describe('values', () => {
    it('binds every number as REAL, and rounds large integers in its answers', async () => {
      const [row] = await rows('SELECT typeof(?1) AS bound, 9007199254740993 AS large', 1)
      expect(row).toEqual({ bound: 'real', large: 9_007_199_254_740_992 })
    })
  })
})

describe('wrangler d1 migrations apply', () => {
  it('deletes the child rows of a table that Prisma rebuilds, and reports success', async () => {
    const cwd = writeWorker({ name: 'facts', id: '00000000-0000-4000-8000-000000000002' })
    mkdirSync(path.join(cwd, 'migrations'))
    writeFileSync(path.join(cwd, 'migrations/0001_init.sql'), INIT)
    writeFileSync(path.join(cwd, 'migrations/0002_rebuild.sql'), REBUILD)
    const applied = await wrangler(['d1', 'migrations', 'apply', 'DB', '--local'], { cwd })
    expect(applied.code).toBe(0)
    const sql =
      'SELECT (SELECT count(*) FROM parent) AS parents, (SELECT count(*) FROM child) AS children'
    const counted = await wrangler(['d1', 'execute', 'DB', '--local', '--json', '--command', sql], {
      cwd,
    })
    expect(JSON.parse(counted.stdout)).toMatchObject([{ results: [{ parents: 2, children: 0 }] }])
  })
})

const INIT = `
CREATE TABLE "parent" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT);
CREATE TABLE "child" ("id" INTEGER NOT NULL PRIMARY KEY, "parent" INTEGER NOT NULL REFERENCES "parent" ("id") ON DELETE CASCADE);
INSERT INTO "parent" VALUES (1, 'a'), (2, 'b');
INSERT INTO "child" VALUES (1, 1), (2, 1), (3, 2);
`

/** As `prisma migrate diff` writes it. */
const REBUILD = `
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_parent" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL);
INSERT INTO "new_parent" ("id", "name") SELECT "id", "name" FROM "parent";
DROP TABLE "parent";
ALTER TABLE "new_parent" RENAME TO "parent";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
`
