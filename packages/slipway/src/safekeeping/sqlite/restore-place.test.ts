import { expect, test } from 'vitest'
import { withSession } from '../../database/index.ts'
import { loadSqliteParser } from '../../statements/index.ts'
import { readRestorePlace } from './restore-place.ts'

test('the collations of all referenced columns are read with one undone change', async () => {
  await loadSqliteParser()
  await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(`CREATE TABLE code (id INTEGER PRIMARY KEY, a TEXT UNIQUE COLLATE NOCASE, b TEXT UNIQUE);
      CREATE TABLE use (x TEXT REFERENCES code (a), y TEXT REFERENCES code (b), z INTEGER REFERENCES code, q REFERENCES absent (v))`)
    const undone: string[] = []
    const counted: typeof session = {
      ...session,
      query: session.query.bind(session),
      execute: async (sql) => {
        if (sql.startsWith('ROLLBACK')) undone.push(sql)
        await session.execute(sql)
      },
    }
    const { foreignKeys } = await readRestorePlace(counted)
    const collations = foreignKeys.map(({ columns, collations: own }) =>
      [...columns, ...own].join(' '),
    )
    expect(new Set(collations)).toEqual(new Set(['q BINARY', 'x NOCASE', 'y BINARY', 'z BINARY']))
    expect(undone).toHaveLength(1)
  })
})
