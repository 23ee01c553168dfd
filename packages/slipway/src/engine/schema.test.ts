import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test/postgres.ts'
import { type Session, withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { diffToSchema, introspectSchema, schemaToSql, validateSchema, withEngine } from './index.ts'

const DATASOURCE = 'datasource db {\n  provider = "postgresql"\n}\n'

function schema(models: string) {
  return [{ path: 'prisma/schema.prisma', content: `${DATASOURCE}\n${models}` }]
}

let databases: TestDatabase[]

beforeAll(async () => {
  databases = [await createDatabase(), await createDatabase(), await createDatabase()]
})

afterAll(async () => {
  for (const database of databases) await database.drop()
})

async function onDatabase<T>(index: number, work: (session: Session) => Promise<T>): Promise<T> {
  const url = new ConnectionString(databases[index]?.url ?? '')
  return await withSession({ kind: 'postgres', url }, {}, work)
}

test('a valid schema needs no database', async () => {
  expect(await validateSchema(schema('model A {\n  id Int @id\n}'))).toMatchObject({ ok: true })
})

test('an invalid schema is reported with the place of its first error', async () => {
  const result = await validateSchema(schema('model A {\n  id Int @id\n  b  Foo\n  c  Bar\n}'))
  expect(result).toMatchObject({
    ok: false,
    failure: {
      code: 'ENGINE.SCHEMA_INVALID',
      message: expect.stringContaining('Type "Foo" is neither a built-in type'),
      why: 'The Prisma schema has 1 more error.',
      where: { file: 'prisma/schema.prisma', line: 7, column: 6, excerpt: '  b  Foo\n     ^' },
    },
  })
})

test('schemas for other databases, and without a datasource, are refused', async () => {
  const content = 'datasource db {\n  provider = "mysql"\n}\n\nmodel A {\n  id Int @id\n}\n'
  expect(await validateSchema([{ path: 'a', content }])).toMatchObject({
    failure: { code: 'ENGINE.PROVIDER_UNSUPPORTED', message: expect.stringContaining('mysql') },
  })
  const models = 'model A {\n  id Int @id\n}\n'
  expect(await validateSchema([{ path: 'a', content: models }])).toMatchObject({
    failure: { code: 'ENGINE.SCHEMA_INVALID' },
  })
})

test('a first migration needs no database and does not create the schema public', async () => {
  const { sql, empty } = await schemaToSql(schema('model A {\n  id Int @id\n}'))
  expect(empty).toBe(false)
  expect(sql).toBe(
    '-- CreateTable\nCREATE TABLE "A" (\n    "id" INTEGER NOT NULL,\n\n    CONSTRAINT "A_pkey" PRIMARY KEY ("id")\n);\n',
  )
})

const MIGRATIONS = [
  { name: '1_init', sql: 'CREATE TABLE "A" ("id" INTEGER PRIMARY KEY, "old" TEXT NOT NULL);' },
  { name: '2_more', sql: "CREATE TYPE \"Kind\" AS ENUM ('x', 'y');" },
]
const NEXT = schema(
  'model A {\n  id   Int    @id\n  name String\n  kind Kind[]\n}\n\nenum Kind {\n  x\n}',
)

test('the SQL from a filled shadow database is what the engine writes after a replay, with its warnings', async () => {
  const viaDatabase = await onDatabase(0, async (shadow) => {
    for (const { sql } of MIGRATIONS) await shadow.execute(sql)
    return await diffToSchema({ session: shadow, files: NEXT })
  })
  const theirs = await onDatabase(1, (main) =>
    withEngine(
      {
        main,
        files: NEXT,
        writes: true,
        withShadowDatabase: (replay) =>
          onDatabase(2, async (shadow) => {
            await shadow.execute('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
            return await replay(shadow)
          }),
      },
      async (engine) => {
        await engine.applyMigrations(MIGRATIONS)
        await engine.devDiagnostic(MIGRATIONS)
        return await engine.createMigration(MIGRATIONS)
      },
    ),
  )
  expect(viaDatabase.sql).toBe(theirs)
  expect(viaDatabase.sql).toContain('You are about to drop the column `old`')
  expect(viaDatabase.summary).toContain('Removed column `old`')
})

test('equal schemas need no SQL', async () => {
  await onDatabase(2, async (shadow) => {
    await shadow.execute('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await shadow.execute(
      'CREATE TABLE "A" ("id" INTEGER NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"))',
    )
    const files = schema('model A {\n  id Int @id\n}')
    expect(await diffToSchema({ session: shadow, files })).toEqual({
      sql: '',
      empty: true,
      summary: '',
    })
  })
})

test('external tables stay out of the SQL', async () => {
  await onDatabase(2, async (shadow) => {
    await shadow.execute(
      'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE ext (id INT PRIMARY KEY)',
    )
    const files = schema('model A {\n  id Int @id\n}')
    const all = await diffToSchema({ session: shadow, files })
    const filter = { externalTables: ['public.ext'] }
    const filtered = await diffToSchema({ session: shadow, files, filter })
    expect(all.sql).toContain('DROP TABLE "ext"')
    expect(filtered.sql).not.toContain('ext')
  })
})

test('introspection completes the schema and keeps its configuration', async () => {
  const content =
    'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n}\n'
  const files = await onDatabase(2, async (shadow) => {
    await shadow.execute('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await shadow.execute(
      'CREATE TABLE "A" (id INT PRIMARY KEY, tags TEXT[], at TIMESTAMPTZ DEFAULT now())',
    )
    return await introspectSchema(shadow, [{ path: 'schema.prisma', content }])
  })
  expect(files[0]?.content).toContain('url      = env("DATABASE_URL")')
  expect(files[0]?.content).toMatch(/model A \{\n\s+id\s+Int\s+@id\n\s+tags\s+String\[\]/)
})
