import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test/postgres.ts'
import { type Session, withSession } from '../database/index.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import { withEngine } from './index.ts'

const GOOD = {
  name: '1_good',
  sql: 'CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1)',
}
const BAD = { name: '2_bad', sql: 'CREATE TABLE b (id INT);\nALTER TABLE nope ADD x INT;' }

let database: TestDatabase

beforeEach(async () => {
  database = await createDatabase()
})

afterEach(async () => {
  await database.drop()
})

async function onDatabase<T>(
  work: (session: Session) => Promise<T>,
  schema = 'public',
): Promise<T> {
  const url = new ConnectionString(`${database.url}?schema=${schema}`)
  return await withSession({ kind: 'postgres', url }, {}, work)
}

test('applies migrations, reports them, and leaves the session open', async () => {
  await onDatabase(async (main) => {
    const names = await withEngine({ main, writes: true }, async (engine) => {
      expect(await engine.diagnose([GOOD])).toMatchObject({ hasMigrationsTable: false })
      return (await engine.applyMigrations([GOOD])).appliedMigrationNames
    })
    expect(names).toEqual(['1_good'])
    expect(await main.query('SELECT id FROM a')).toEqual([{ id: 1 }])
    const edited = { ...GOOD, sql: `${GOOD.sql} -- edited` }
    await withEngine({ main }, async (engine) => {
      expect(await engine.diagnose([edited])).toMatchObject({ editedMigrationNames: ['1_good'] })
    })
  })
})

test("a script's failure keeps the server's error, and rolls back the whole file", async () => {
  await onDatabase(async (main) => {
    await withEngine({ main, writes: true }, async (engine) => {
      expect(await attempt(() => engine.applyMigrations([GOOD, BAD]))).toMatchObject({
        failure: {
          code: 'ENGINE.FAILED',
          why: expect.stringContaining('relation "nope" does not exist'),
          server: { sqlstate: '42P01' },
        },
      })
      expect(await main.query("SELECT to_regclass('b') AS b")).toEqual([{ b: null }])
      expect(await engine.diagnose([GOOD, BAD])).toMatchObject({ failedMigrationNames: ['2_bad'] })
      expect(await attempt(() => engine.applyMigrations([GOOD, BAD]))).toMatchObject({
        failure: { message: expect.stringContaining('P3009') },
      })
      await engine.markRolledBack('2_bad')
      await engine.markApplied('2_bad', [GOOD, BAD])
      expect(await engine.diagnose([GOOD, BAD])).toMatchObject({
        history: null,
        failedMigrationNames: [],
      })
    })
  })
})

test('an error that the engine handled is not reported with a later one', async () => {
  await onDatabase(async (main) => {
    await main.execute('CREATE TABLE something (id INT)')
    // It looks for the history table, does not find it, and then objects to the other table.
    await withEngine({ main, writes: true }, async (engine) => {
      const result = await attempt(() => engine.applyMigrations([GOOD]))
      expect(result).toMatchObject({ failure: { message: expect.stringMatching(/^P3005/) } })
      expect(result).not.toHaveProperty('failure.server')
    })
  })
})

test('reading creates no schema, and migrations run in the schema of the connection', async () => {
  await onDatabase(async (main) => {
    const schemas = () => main.query("SELECT nspname FROM pg_namespace WHERE nspname = 'shop'")
    await withEngine({ main }, (engine) => engine.diagnose([GOOD]))
    expect(await schemas()).toEqual([])
    await withEngine({ main, writes: true }, (engine) => engine.applyMigrations([GOOD]))
    expect(await main.query("SELECT schemaname FROM pg_tables WHERE tablename = 'a'")).toEqual([
      { schemaname: 'shop' },
    ])
  }, 'shop')
})

test('reports steps of the next migration that existing rows prevent', async () => {
  const content =
    'datasource db {\n  provider = "postgresql"\n}\n\nmodel a {\n  id Int @id\n  b Int\n}\n'
  const files = [{ path: 'schema.prisma', content }]
  await onDatabase(async (main) => {
    const shadow = await createDatabase()
    const url = new ConnectionString(shadow.url)
    const fresh = async (session: Session) =>
      await session.execute('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    const steps = await withEngine(
      {
        main,
        files,
        writes: true,
        withShadowDatabase: (work) =>
          withSession({ kind: 'postgres', url }, {}, async (session) => {
            await fresh(session)
            return await work(session)
          }),
      },
      async (engine) => {
        await engine.applyMigrations([GOOD])
        await engine.diagnose([GOOD], { replay: true })
        return await engine.evaluateDataLoss([GOOD])
      },
    )
    await shadow.drop()
    expect(steps.unexecutableSteps[0]?.message).toContain('Added the required column `b`')
  })
})
