import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedProject, type SeedProject } from './seed-project.ts'

// Rows that a set no longer contains are deleted, with other rows only if `cascade` names their table. Judged
// by the server's rows.

const SQL = `CREATE SCHEMA crm;
CREATE TABLE city (code text PRIMARY KEY, slug text UNIQUE, rank integer NOT NULL UNIQUE, "parentCode" text REFERENCES city (code) ON DELETE CASCADE);
CREATE TABLE tag (name text PRIMARY KEY);
CREATE TABLE "_CityToTag" ("A" text NOT NULL REFERENCES city (code) ON DELETE CASCADE, "B" text NOT NULL, PRIMARY KEY ("A", "B"));
CREATE TABLE crm.visit (id serial PRIMARY KEY, city text REFERENCES city (code) ON DELETE SET NULL);
CREATE TABLE person (id serial PRIMARY KEY, home text NOT NULL DEFAULT 'x' REFERENCES city (code) ON DELETE SET DEFAULT);
CREATE TABLE deep (tag text, city text, FOREIGN KEY (city, tag) REFERENCES "_CityToTag" ("A", "B") ON DELETE CASCADE);
CREATE TABLE part (day date, city text REFERENCES city (code) ON DELETE CASCADE) PARTITION BY RANGE (day);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE only_part (day date, city text) PARTITION BY RANGE (day);
CREATE TABLE only_part_1 PARTITION OF only_part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE only_part_1 ADD FOREIGN KEY (city) REFERENCES city (code) ON DELETE CASCADE;
CREATE TABLE strict (city text NOT NULL REFERENCES city (code));
CREATE TABLE profile (handle text PRIMARY KEY, "user" text NOT NULL UNIQUE REFERENCES tag (name));
CREATE TABLE post (handle text REFERENCES profile (handle) ON DELETE CASCADE);
CREATE TABLE log (what text);
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log WHERE what = OLD.name; RETURN OLD; END $$;
CREATE TRIGGER forget AFTER DELETE ON tag FOR EACH ROW EXECUTE FUNCTION forget();
CREATE TABLE a (code text PRIMARY KEY, "bCode" text);
CREATE TABLE b (code text PRIMARY KEY, "aCode" text NOT NULL REFERENCES a (code));
ALTER TABLE a ADD FOREIGN KEY ("bCode") REFERENCES b (code);
`

let project: SeedProject
beforeEach(async () => {
  project = await seedProject(SQL)
})
afterEach(async () => project.drop())

const city = (code: string, rank: number) => ({ code, slug: `s-${code}`, rank })
const CITIES = [city('x', 1), city('y', 2), city('z', 3)]

function cities(rows: readonly object[], more: object = {}): void {
  project.tables({ city: { key: ['code'], mode: 'own', rows, ...more } })
}

async function state(): Promise<unknown> {
  const { target } = project
  const all = [
    'city',
    '"_CityToTag"',
    'crm.visit',
    'person',
    'deep',
    'part',
    'only_part',
    'strict',
    'log',
    'tag',
  ]
  return await Promise.all(
    all.map(async (name) => [
      name,
      await target.sql(`SELECT to_jsonb(t) FROM ${name} t ORDER BY 1`),
    ]),
  )
}

describe('deleting a row of a set deletes no row of the application', () => {
  test.each([
    [
      'ON DELETE CASCADE',
      `INSERT INTO "_CityToTag" VALUES ('y', 'one'), ('y', 'two')`,
      'delete 2 rows of _CityToTag',
      '_CityToTag',
    ],
    [
      'SET NULL, in another schema',
      `INSERT INTO crm.visit (city) VALUES ('y')`,
      'change 1 row of crm.visit',
      'crm.visit',
    ],
    ['SET DEFAULT', `INSERT INTO person (home) VALUES ('y')`, 'change 1 row of person', 'person'],
    [
      'a partition of a table',
      `INSERT INTO part VALUES ('2026-05-05', 'y')`,
      'delete 1 row of part',
      'part',
    ],
    [
      'a foreign key of only a partition',
      `INSERT INTO only_part VALUES ('2026-05-05', 'y')`,
      'delete 1 row of only_part',
      'only_part',
    ],
    [
      'the table itself',
      `INSERT INTO city VALUES ('own', 's', 9, 'y')`,
      'delete 1 row of city',
      'city',
    ],
  ])('%s', async (_name, sql, effect, allow) => {
    cities(CITIES)
    expect(await project.seed('run')).toMatchObject({ exitCode: 0 })
    await project.target.sql(sql)
    const before = await state()
    cities([city('x', 1), city('z', 3)])
    for (const args of [['run'], ['run', '--dry-run']]) {
      const { failure, code, stdout } = await project.seed(...args)
      expect(code, stdout).toBe('SEEDS.ROWS_REFERRED')
      expect(failure?.message).toContain(effect)
      expect(failure?.nextActions[0]?.label).toContain(`cascade: ['${allow}']`)
      expect(await state()).toEqual(before)
    }
    cities([city('x', 1), city('z', 3)], { cascade: [allow] })
    const dry = await project.seed('run', '--dry-run')
    expect(dry, dry.stdout).toMatchObject({ exitCode: 0, sets: [{ deleted: 1 }] })
    expect(dry.sets[0]?.tables[0]?.cascaded).toHaveLength(1)
    expect(await state()).toEqual(before)
    expect(await project.seed('run')).toMatchObject({ exitCode: 0, sets: [{ deleted: 1 }] })
    expect(await project.seed('verify')).toMatchObject({ exitCode: 0 })
  })

  test('indirect deletions and those of a trigger are named, too', async () => {
    project.tables({
      city: { key: ['code'], mode: 'own', rows: CITIES },
      tag: { key: ['name'], mode: 'own', rows: [{ name: 't' }] },
    })
    await project.seed('run')
    await project.target.sql(
      `INSERT INTO "_CityToTag" VALUES ('y', 'one'); INSERT INTO deep VALUES ('one', 'y'); INSERT INTO log VALUES ('t')`,
    )
    const before = await state()
    project.tables({
      city: { key: ['code'], mode: 'own', rows: [], cascade: ['_CityToTag'] },
      tag: { key: ['name'], mode: 'own', rows: [] },
    })
    const refused = await project.seed('run')
    expect(refused.code, refused.stdout).toBe('SEEDS.ROWS_REFERRED')
    expect(refused.failure?.message).toMatch(/delete 1 row of deep, delete 1 row of log\.$/)
    expect(await state()).toEqual(before)
  })

  test('rows that prevent the deletion are counted', async () => {
    cities(CITIES)
    await project.seed('run')
    await project.target.sql(`INSERT INTO strict VALUES ('y'), ('y')`)
    cities([])
    const refused = await project.seed('run')
    expect(refused.code, refused.stdout).toBe('SEEDS.ROWS_REFERRED')
    expect(refused.failure?.message).toBe(
      '2 rows of strict refer to rows of city that base no longer contains.',
    )
    expect(await project.target.sql('SELECT code FROM city ORDER BY 1')).toHaveLength(3)
  })

  test('a missing table in cascade', async () => {
    cities(CITIES)
    await project.seed('run')
    cities([], { cascade: ['Citi'] })
    expect((await project.seed('run')).code).toBe('SEEDS.TABLE_MISSING')
  })
})

test('rows of a set that refer to each other are deleted together', async () => {
  const own = (key: string, rows: readonly object[]) => ({ key: [key], mode: 'own', rows })
  project.tables({
    a: own('code', [{ code: 'a1', bCode: { code: 'b1' } }, { code: 'a2' }]),
    b: own('code', [{ code: 'b1', aCode: { code: 'a1' } }]),
  })
  const run = await project.seed('run')
  expect(run.exitCode, run.stdout).toBe(0)
  project.tables({ a: own('code', []), b: own('code', []) })
  const emptied = await project.seed('run')
  expect(emptied, emptied.stdout).toMatchObject({ exitCode: 0, sets: [{ deleted: 3 }] })
})

describe('a second unique value can move between rows of a set', () => {
  const both = async (rows: readonly object[]) => {
    cities(rows)
    const run = await project.seed('run')
    expect(run.exitCode, run.stdout).toBe(0)
    expect(await project.seed('verify')).toMatchObject({ exitCode: 0 })
    expect(await project.seed('run')).toMatchObject({
      sets: [{ inserted: 0, updated: 0, deleted: 0 }],
    })
    const stored = await project.target.sql('SELECT code, slug, rank FROM city ORDER BY code')
    expect(stored).toEqual(
      rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)),
    )
  }
  const of = (code: string, slug: string | null, rank: number) => ({ code, slug, rank })

  test.each([
    ['a swap', [of('a', 'one', 1), of('b', 'two', 2)], [of('a', 'two', 2), of('b', 'one', 1)]],
    [
      'a cycle of three',
      [of('a', '1', 1), of('b', '2', 2), of('c', '3', 3)],
      [of('a', '3', 2), of('b', '1', 3), of('c', '2', 1)],
    ],
    [
      'a chain to a new row',
      [of('a', '1', 1), of('b', '2', 2)],
      [of('a', '2', 2), of('b', '3', 3), of('c', '1', 1)],
    ],
    ['the key renamed', [of('a', 'one', 1)], [of('b', 'one', 1)]],
    ['the owner removed', [of('a', 'one', 1), of('b', 'two', 2)], [of('b', 'one', 1)]],
    [
      'the value to NULL and back',
      [of('a', 'one', 1), of('b', null, 2)],
      [of('a', null, 2), of('b', 'one', 1)],
    ],
  ])('%s', async (_name, first, second) => {
    await both(first)
    await both(second)
    await both(first)
  })

  test('rows that refer to a renamed key refer to the new row', async () => {
    const links = (rows: readonly object[]) => ({ key: ['A', 'B'], mode: 'own', rows })
    const own = (rows: readonly object[]) => ({ key: ['code'], mode: 'own', rows })
    project.tables({
      city: own([of('a', 'one', 1)]),
      _CityToTag: links([{ A: { code: 'a' }, B: 't' }]),
    })
    expect(await project.seed('run')).toMatchObject({ exitCode: 0 })
    project.tables({
      city: own([of('b', 'one', 1)]),
      _CityToTag: links([{ A: { code: 'b' }, B: 't' }]),
    })
    const run = await project.seed('run')
    expect(run.exitCode, run.stdout).toBe(0)
    expect(await project.target.sql('SELECT "A" FROM "_CityToTag"')).toEqual([{ A: 'b' }])
    expect(await project.target.sql('SELECT code, slug FROM city')).toEqual([
      { code: 'b', slug: 'one' },
    ])
  })

  test('if no other value is possible, the row that is no longer in the set is deleted first', async () => {
    const own = (rows: readonly object[]) => ({ key: ['handle'], mode: 'own', rows })
    await project.target.sql(`INSERT INTO tag VALUES ('user')`)
    project.tables({ profile: own([{ handle: 'a', user: 'user' }]) })
    expect(await project.seed('run')).toMatchObject({ exitCode: 0 })
    await project.target.sql(`INSERT INTO post VALUES ('a')`)
    project.tables({ profile: own([{ handle: 'b', user: 'user' }]) })
    const refused = await project.seed('run')
    expect(refused.failure?.message, refused.stdout).toContain('delete 1 row of post')
    await project.target.sql('DELETE FROM post')
    expect(await project.seed('run')).toMatchObject({
      exitCode: 0,
      sets: [{ inserted: 1, deleted: 1 }],
    })
    expect(await project.target.sql('SELECT * FROM profile')).toEqual([
      { handle: 'b', user: 'user' },
    ])
  })

  test('rows of the application keep their values', async () => {
    await both([of('a', 'one', 1)])
    await project.target.sql(`INSERT INTO city VALUES ('own', 'two', 2)`)
    cities([of('a', 'two', 1)])
    const refused = await project.seed('run')
    expect(refused.code, refused.stdout).toBe('SEEDS.ROW_INVALID')
    expect(await project.target.sql('SELECT code, slug FROM city ORDER BY 1')).toEqual([
      { code: 'a', slug: 'one' },
      { code: 'own', slug: 'two' },
    ])
  })
})
