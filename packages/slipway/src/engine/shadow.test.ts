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

test('a scratch that is used again is as good as new', async () => {
  await withShadows(async (shadows) => {
    const withScratch = shadows.knowing(['citext'])
    await withScratch((scratch) => scratch.execute(REPLAY))
    await withScratch(async (scratch) => {
      await scratch.execute(REPLAY)
      expect(await scratch.query('SELECT * FROM t')).toEqual([])
    })
  })
})

test('finds the extensions that the migrations of a request create', () => {
  const directory = (value: string) => ({ path: 'a', migrationFile: { content: { value } } })
  const list = {
    migrationDirectories: [
      directory(
        'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";\ncreate extension Citext with schema x;',
      ),
      directory('CREATE EXTENSION citext'),
    ],
  }
  expect(extensionsOf({ migrationsList: list })).toEqual(['uuid-ossp', 'citext'])
  expect(extensionsOf({ from: { tag: 'empty' }, to: list })).toEqual(['uuid-ossp', 'citext'])
})
