import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedProject, type SeedProject } from './seed-project.ts'
import { type SqliteSeedProject, sqliteSeedProject } from './sqlite-seed-project.ts'

// Rows that refer to other rows, on PostgreSQL and SQLite.

const TABLES = `CREATE TABLE tree (code text PRIMARY KEY, name text, parent text REFERENCES tree (code));
INSERT INTO tree VALUES ('a', 'x', NULL), ('b', 'y', NULL);
`

describe.each(['PostgreSQL', 'SQLite'])('on %s', (on) => {
  let project: Pick<SeedProject, 'tables' | 'seed' | 'drop'>
  let sql: (text: string) => Promise<unknown> | unknown
  beforeEach(async () => {
    if (on === 'PostgreSQL') {
      const postgres: SeedProject = await seedProject(TABLES)
      project = postgres
      sql = async (text) => await postgres.target.sql(text)
    } else {
      const sqlite: SqliteSeedProject = await sqliteSeedProject(TABLES)
      project = sqlite
      sql = (text) => sqlite.sql(text)
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
})
