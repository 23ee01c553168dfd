import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedProject, type SeedProject } from './seed-project.ts'
import { createTarget } from './target.ts'

// What `seed export` writes, and what it leaves as it was.

const SQL = `CREATE DOMAIN doc AS jsonb;
CREATE DOMAIN flag AS boolean;
CREATE TABLE plan (code text PRIMARY KEY, name text, price numeric, about doc, public flag);
INSERT INTO plan VALUES ('a', 'A', 1.50, '{"a": 1}', true), ('b', NULL, NULL, '"text"', false), ('c', 'C', 2, NULL, NULL);
CREATE TABLE size (code text PRIMARY KEY);
CREATE TABLE left_side (id serial PRIMARY KEY, other_id integer NOT NULL UNIQUE);
CREATE TABLE right_side (id serial PRIMARY KEY, other_id integer NOT NULL UNIQUE REFERENCES left_side (id));
ALTER TABLE left_side ADD FOREIGN KEY (other_id) REFERENCES right_side (id);
CREATE TABLE dotted (code text PRIMARY KEY, "a.b" text);
`

let project: SeedProject
beforeEach(async () => {
  project = await seedProject(SQL)
})
afterEach(async () => project.drop())

function text(name: string): string {
  return readFileSync(path.join(project.root, 'prisma/seeds', name), 'utf8')
}

test.each(['json', 'ndjson'])(
  'a %s file keeps the fields that only some of its rows have',
  async (form) => {
    const rows = ['{ "code": "a" }', '{ "code": "b", "name": "old", "price": 1 }']
    project.tables({ plan: { key: ['code'] } })
    const file = `base/plan.${form}`
    project.write({ [file]: form === 'json' ? `[${rows.join()}]` : rows.join('\n') })
    expect(await project.seed('export', '--tables', 'plan')).toMatchObject({ failure: null })
    expect(text(file)).toContain('{ "code": "a", "name": "A", "price": 1.50 }')
    expect(text(file)).toContain('{ "code": "c", "name": "C", "price": 2 }')
    expect(text(file)).not.toContain('about')
  },
)

test('set.json keeps the digits of its rows when it gets its next version', async () => {
  const rows = '[{ "code": "a", "big": 9007199254740993, "exact": 1.10 }]'
  project.write({
    'base/set.json': `{ "version": 1, "tables": { "size": { "key": ["code"], "rows": ${rows} }, "plan": { "key": ["code"] } } }`,
    'base/plan.csv': 'code\n',
  })
  expect(await project.seed('export', '--tables', 'plan')).toMatchObject({ failure: null })
  const written = text('base/set.json')
  expect(written).toContain('"version": 2')
  expect(written).toContain('"big": 9007199254740993')
  expect(written).toContain('"exact": 1.10')
})

test.each(['csv', 'json', 'ndjson'])(
  'values of domains are the same after an export as %s and a run',
  async (form) => {
    await project.seed('export', '--tables', 'plan', '--set', 'out', '--as', form)
    const before = await project.target.sql('SELECT p::text FROM plan p ORDER BY 1')
    await project.target.sql('TRUNCATE plan')
    expect((await project.seed('run')).sets).toMatchObject([{ inserted: 3 }])
    expect(await project.target.sql('SELECT p::text FROM plan p ORDER BY 1')).toEqual(before)
  },
)

describe('a table that cannot be exported', () => {
  test('natural keys that refer to each other', async () => {
    const keys = ['--key', 'left_side=other_id', '--key', 'right_side=other_id']
    const refused = await project.seed('export', '--tables', 'left_side', ...keys)
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.NOT_PORTABLE' })
    expect(refused.failure?.message).toContain('leads back to itself')
  })

  test('a column with a dot in its name', async () => {
    const refused = await project.seed('export', '--tables', 'dotted')
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.NOT_PORTABLE' })
    const omitted = await project.seed('export', '--tables', 'dotted', '--omit', 'dotted.a.b')
    expect(omitted.failure?.message ?? null).toBe(null)
  })
})

test('a file that cannot be written is named', async () => {
  project.write({ taken: 'a file' })
  const refused = await project.seed('export', '--tables', 'plan', '--set', 'taken')
  expect(refused).toMatchObject({ exitCode: 2, code: 'APP.NOT_WRITABLE' })
  expect(refused.failure?.message).toBe('prisma/seeds/taken could not be written.')
})

test('a sync whose files cannot be written says that the rows were', async () => {
  const source = await createTarget()
  try {
    await source.sql(SQL)
    await project.target.sql('TRUNCATE plan')
    project.tables({ plan: { key: ['code'] } })
    // Where the new set.json would be written first.
    const blocked = `.slipway-${process.pid}-set.json.tmp`
    project.write({ 'base/plan.csv': 'code\n', [`base/${blocked}/x`]: '' })
    const said = await project.seed('sync', '--from', source.url, '--tables', 'plan', '--write')
    expect(said).toMatchObject({
      exitCode: 2,
      code: 'SEEDS.FILE_NOT_WRITTEN',
      findings: [{ id: 'sync-committed' }],
    })
    expect(await project.target.sql('SELECT FROM plan')).toHaveLength(3)
  } finally {
    await source.drop()
  }
})
