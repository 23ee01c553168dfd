import { expect, test } from 'vitest'
import { SHADOW } from '../../test/target.ts'
import { withShadowDatabase } from '../shadow/index.ts'
import { parserFor } from '../statements/index.ts'
import { applyStatement, emptySchema, readSchema } from './index.ts'

const LONG = 'a_table_whose_name_is_nearly_as_long_as_names_can_be_äöü'
/** 20 characters of three bytes. */
const WIDE = '売上明細'.repeat(5)

test('constraints and indexes without a name have the names that the server chooses', async () => {
  const sql = `CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE CHECK (a > 0), b int REFERENCES t, UNIQUE (a, b));
    CREATE TABLE "${LONG}" ("${LONG}_1" int PRIMARY KEY, "${LONG}_2" int UNIQUE CHECK ("${LONG}_2" > 0), c int REFERENCES t,
      UNIQUE (c, "${LONG}_1"), FOREIGN KEY ("${LONG}_2") REFERENCES "${LONG}");
    CREATE TABLE "${WIDE}" (id int PRIMARY KEY, "${WIDE}" int UNIQUE CHECK ("${WIDE}" > 0));
    CREATE INDEX ON "${LONG}" ("${LONG}_2", c); CREATE INDEX ON t (a, b); CREATE INDEX ON "${WIDE}" ("${WIDE}");`
  const { parse } = await parserFor('postgres')
  const applied = parse(sql).reduce(
    (schema, statement) => applyStatement(schema, statement, 'one'),
    emptySchema('public'),
  )
  await withShadowDatabase(SHADOW, [], async (session) => {
    await session.execute(sql)
    const read = await readSchema(session, { constraints: true })
    for (const [key, table] of read.tables) {
      const names = (constraints: typeof table.constraints) =>
        constraints.map(({ name }) => name).toSorted()
      expect(names(applied.tables.get(key)?.constraints ?? [])).toEqual(names(table.constraints))
    }
    expect([...applied.indexes.keys()].toSorted()).toEqual([...read.indexes.keys()].toSorted())
  })
})
