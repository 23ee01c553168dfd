import { expect, test } from 'vitest'
import { type Session, withSession } from '../../database/index.ts'
import {
  appliedRowSql,
  createHistorySql,
  readHistory,
  rolledBackRowSql,
} from '../../history/index.ts'
import { attempt, sha256 } from '../../kernel/index.ts'
import { withEngine, type WithShadow } from '../index.ts'

const FIRST = { name: '1_first', sql: 'CREATE TABLE "a" ("id" INTEGER NOT NULL PRIMARY KEY);\n' }
const SECOND = { name: '2_second', sql: 'ALTER TABLE "a" ADD COLUMN "n" TEXT;\n' }
const BAD = { name: '3_bad', sql: 'ALTER TABLE "nope" ADD COLUMN "n" TEXT;\n' }

const inMemory: WithShadow = (work) => withSession({ kind: 'sqlite' }, {}, work)

async function onDatabase(work: (main: Session) => Promise<void>): Promise<void> {
  await withSession({ kind: 'sqlite' }, {}, work)
}

test('our history reads what the engine applies', async () => {
  await onDatabase(async (main) => {
    await main.execute(createHistorySql(main))
    await withEngine({ main, writes: true }, async (engine) => {
      expect((await engine.applyMigrations([FIRST, SECOND])).appliedMigrationNames).toEqual([
        '1_first',
        '2_second',
      ])
    })
    const { rows } = await readHistory(main)
    expect(rows).toMatchObject([
      { migration: '1_first', checksum: sha256(FIRST.sql), rolledBackAt: null },
      { migration: '2_second', checksum: sha256(SECOND.sql), rolledBackAt: null },
    ])
    expect(Math.abs(Date.parse(rows[0]?.finishedAt ?? '') - Date.now())).toBeLessThan(60_000)
  })
})

test('the engine reads what we write as applied, edited and rolled back', async () => {
  await onDatabase(async (main) => {
    await main.execute(createHistorySql(main))
    for (const { name, sql } of [FIRST, SECOND]) {
      await main.execute(sql)
      await main.execute(appliedRowSql(main, name, sha256(sql)))
    }
    const edited = { ...FIRST, sql: `${FIRST.sql}-- edited` }
    await withEngine({ main, withShadowDatabase: inMemory }, async (engine) => {
      const state = await engine.diagnose([FIRST, SECOND], { replay: true })
      expect(state).toMatchObject({ editedMigrationNames: [], failedMigrationNames: [] })
      expect(await engine.diagnose([edited, SECOND])).toMatchObject({
        editedMigrationNames: ['1_first'],
      })
    })
    await main.execute(rolledBackRowSql(main, '2_second'))
    await withEngine({ main }, async (engine) => {
      expect(await engine.diagnose([FIRST, SECOND])).toMatchObject({
        history: { unappliedMigrationNames: ['2_second'] },
      })
    })
  })
})

test("a refused migration keeps SQLite's code, and both read it as failed", async () => {
  await onDatabase(async (main) => {
    await main.execute(createHistorySql(main))
    await withEngine({ main, writes: true }, async (engine) => {
      expect(await attempt(() => engine.applyMigrations([FIRST, BAD]))).toMatchObject({
        failure: {
          code: 'ENGINE.FAILED',
          why: expect.stringContaining('`nope` does not exist'),
          sqlite: { name: 'SQLITE_ERROR', message: 'no such table: nope' },
        },
      })
      expect(await engine.diagnose([FIRST, BAD])).toMatchObject({ failedMigrationNames: ['3_bad'] })
    })
    const row = (await readHistory(main)).rows.at(-1)
    expect(row).toMatchObject({ migration: '3_bad', finishedAt: null })
  })
})

test('the engine sees the schema of a session', async () => {
  await onDatabase(async (main) => {
    await main.execute(`${FIRST.sql}${SECOND.sql}`)
    const content =
      'datasource db {\n  provider = "sqlite"\n}\nmodel a {\n  id Int @id\n  n String?\n}\n'
    const files = [{ path: 'schema.prisma', content }]
    await withEngine({ main, files }, async (engine) => {
      const live = { tag: 'schemaDatasource', files, configDir: '' } as const
      const { sql, empty } = await engine.diff(live, { tag: 'schemaDatamodel', files })
      expect(sql).toBe('')
      expect(empty).toBe(true)
    })
  })
})
