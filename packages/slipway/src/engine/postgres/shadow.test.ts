import { expect, test } from 'vitest'
import { extensionsOf, withShadows } from './shadow.ts'

const REPLAY = `
CREATE EXTENSION IF NOT EXISTS "citext";
CREATE SCHEMA shop;
CREATE TABLE shop.t (name citext PRIMARY KEY);
CREATE ROLE clerk;
GRANT SELECT ON shop.t TO clerk, a_role_of_the_server;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO clerk;
CREATE PUBLICATION changes FOR TABLE shop.t;
SET search_path TO shop;
`

test('a shadow database is emptied before it is reused', async () => {
  await withShadows(async (shadows) => {
    const withShadowDatabase = shadows.withExtensions(['citext'], { kind: 'postgres' })
    await withShadowDatabase((shadow) => shadow.execute(REPLAY))
    await withShadowDatabase(async (shadow) => {
      await shadow.execute(REPLAY)
      expect(await shadow.query('SELECT * FROM t')).toEqual([])
    })
  })
})

test('finds the extensions that the migrations of a request create', async () => {
  const directory = (value: string) => ({ path: 'a', migrationFile: { content: { value } } })
  const list = {
    migrationDirectories: [
      directory(
        'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";\ncreate extension Citext with schema x;',
      ),
      directory('CREATE EXTENSION citext'),
    ],
  }
  expect(await extensionsOf({ migrationsList: list })).toEqual(['citext', 'uuid-ossp'])
  const diff = { from: { tag: 'empty' }, to: list }
  expect(await extensionsOf(diff)).toEqual(['citext', 'uuid-ossp'])
})
