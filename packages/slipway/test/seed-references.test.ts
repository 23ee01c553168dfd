import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedProject, type SeedProject } from './seed-project.ts'
import { type SqliteSeedProject, sqliteSeedProject } from './sqlite-seed-project.ts'

// Rows that refer to other rows, on PostgreSQL and SQLite.

const TABLES = `CREATE TABLE tree (code text PRIMARY KEY, name text, parent text REFERENCES tree (code));
INSERT INTO tree VALUES ('a', 'x', NULL), ('b', 'y', NULL);
CREATE TABLE tenant (id integer PRIMARY KEY);
CREATE TABLE team (tenant_id integer NOT NULL REFERENCES tenant (id), code text NOT NULL, parent text, lead text,
  PRIMARY KEY (tenant_id, code), FOREIGN KEY (tenant_id, parent) REFERENCES team (tenant_id, code));
CREATE TABLE carrier (id integer PRIMARY KEY, country text NOT NULL, code text NOT NULL, UNIQUE (country, code));
CREATE TABLE contact (id integer PRIMARY KEY, carrier_id integer NOT NULL UNIQUE REFERENCES carrier (id));
CREATE TABLE note (code text PRIMARY KEY, contact_id integer REFERENCES contact (id), carrier_id integer REFERENCES carrier (id));
`

describe.each(['PostgreSQL', 'SQLite'])('on %s', (on) => {
  let project: Pick<SeedProject, 'tables' | 'write' | 'seed' | 'drop'>
  let sql: (text: string) => Promise<unknown>
  beforeEach(async () => {
    if (on === 'PostgreSQL') {
      const postgres: SeedProject = await seedProject(TABLES)
      project = postgres
      sql = async (text) => await postgres.target.sql(text)
    } else {
      const sqlite: SqliteSeedProject = await sqliteSeedProject(TABLES)
      project = sqlite
      sql = async (text) => sqlite.sql(text)
    }
  })
  afterEach(() => project.drop())

  test('an existing row in which only a reference to its table changes is updated, whatever is inserted', async () => {
    const rows = [
      { code: 'a', parent: 'b' },
      { code: 'b', name: 'z', parent: 'a' },
      { code: 'c', parent: null },
      { code: 'd', parent: 'c' },
    ]
    project.tables({ tree: { key: ['code'], rows } })
    const counts = { inserted: 2, updated: 2, deleted: 0, unchanged: 0 }
    const tried = await project.seed('run', '--dry-run')
    expect(tried.sets).toMatchObject([counts])
    expect(tried.sets[0]?.tables[0]?.rows).toEqual(
      expect.arrayContaining([
        { kind: 'update', key: { code: 'a' }, columns: ['parent'] },
        { kind: 'update', key: { code: 'b' }, columns: ['name', 'parent'] },
      ]),
    )
    expect((await project.seed('run')).sets).toMatchObject([counts])
    expect((await project.seed('run')).sets).toMatchObject([{ inserted: 0, updated: 0 }])
  })

  test('insert-missing leaves references of existing rows unchanged', async () => {
    const rows = [
      { code: 'a', parent: 'b' },
      { code: 'c', parent: 'd' },
      { code: 'd', parent: 'a' },
    ]
    project.tables({ tree: { key: ['code'], mode: 'insert-missing', rows } })
    const tried = await project.seed('run', '--dry-run')
    expect(tried.sets[0]?.tables[0]?.rows).toMatchObject([{ kind: 'insert' }, { kind: 'insert' }])
    const run = await project.seed('run')
    expect(run.sets).toMatchObject([{ inserted: 2, updated: 0, unchanged: 1 }])
    expect(await sql('SELECT code, parent FROM tree ORDER BY 1')).toEqual([
      { code: 'a', parent: null },
      { code: 'b', parent: null },
      { code: 'c', parent: 'd' },
      { code: 'd', parent: 'a' },
    ])
  })

  const CARRIERS = {
    carrier: {
      key: ['country', 'code'],
      rows: [
        { id: 7, country: 'CZ', code: 'x' },
        { id: 8, country: 'CZ', code: 'y' },
      ],
    },
    contact: {
      key: ['carrier_id'],
      rows: [
        { id: 70, carrier_id: { country: 'CZ', code: 'x' } },
        { id: 80, 'carrier_id.country': 'CZ', 'carrier_id.code': 'y' },
      ],
    },
  }

  test('a reference may follow several foreign keys', async () => {
    const rows = [
      { code: '1', contact_id: { carrier_id: { country: 'CZ', code: 'x' } } },
      {
        code: '2',
        carrier_id: { country: 'CZ', code: 'x' },
        contact_id: { carrier_id: { country: 'CZ', code: 'y' } },
      },
      { code: '3', contact_id: null, carrier_id: null },
    ]
    project.tables({ note: { key: ['code'], rows }, ...CARRIERS })
    expect(await project.seed('run')).toMatchObject({ failure: null })
    expect(await sql('SELECT * FROM note ORDER BY 1')).toEqual([
      { code: '1', contact_id: 70, carrier_id: null },
      { code: '2', contact_id: 80, carrier_id: 7 },
      { code: '3', contact_id: null, carrier_id: null },
    ])
    expect(await project.seed('verify')).toMatchObject({ exitCode: 0 })
  })

  test.each<[string, object, string, RegExp]>([
    ['only a part', { country: 'CZ', code: null }, 'REFERENCE_MISSING', /does not exist/],
    ['no field', {}, 'ROW_INVALID', /not valid for its column/],
    ['several rows', { country: 'CZ' }, 'ROW_INVALID', /refers to several rows/],
  ])('a reference that gives %s is refused', async (_what, carrier, code, message) => {
    const rows = [{ code: '1', carrier_id: carrier }]
    project.tables({ ...CARRIERS, note: { key: ['code'], rows } })
    const refused = await project.seed('run')
    expect(refused).toMatchObject({ exitCode: 2, code: `SEEDS.${code}` })
    expect(refused.failure?.message).toMatch(message)
    expect(await sql('SELECT code FROM note')).toEqual([])
  })

  test('rows refer to each other by a key that contains their tenant', async () => {
    const rows = [
      { tenant_id: 1, code: 'a', parent: 'b' },
      { tenant_id: 1, code: 'b', parent: null },
    ]
    project.tables({
      tenant: { key: ['id'], rows: [{ id: 1 }] },
      team: { key: ['tenant_id', 'code'], rows },
    })
    expect(await project.seed('run')).toMatchObject({ failure: null })
    expect(await sql('SELECT code, parent FROM team ORDER BY 1')).toEqual([
      { code: 'a', parent: 'b' },
      { code: 'b', parent: null },
    ])
  })

  test('a row that gives a column twice is named with its file', async () => {
    project.tables({ tree: { key: ['code'] } })
    project.write({
      'base/tree.ndjson': '{"code":"a"}\n{"code":"b","parent":"a","parent.code":"a"}\n',
    })
    const { failure } = await project.seed('run')
    expect(failure?.code).toBe('SEEDS.ROW_INVALID')
    expect(failure?.where?.file).toMatch(/tree\.ndjson$/)
    expect(failure?.where?.line).toBe(2)
  })
})
