import { beforeAll, expect, test } from 'vitest'
import { comparedValues, loadParser } from '../index.ts'

beforeAll(loadParser)

test.each<[string, ReturnType<typeof comparedValues>]>([
  [`DELETE FROM a WHERE kind = 'x' AND "Odd" = 5`, [{ kind: 'x', Odd: '5' }]],
  [
    `UPDATE a SET n = 1 WHERE a.kind IN ('x', 'y') OR kind = 'z'`,
    [{ kind: 'x' }, { kind: 'y' }, { kind: 'z' }],
  ],
  [`UPDATE a SET s = CASE s::text WHEN 'B' THEN 'A' ELSE s END`, [{ s: 'B' }]],
  [
    `MERGE INTO a USING b ON a.id = b.id WHEN MATCHED AND b.state = 'gone' THEN DELETE`,
    [{ state: 'gone' }],
  ],
  [
    `DELETE FROM a WHERE name LIKE 'pre%' AND at < '2024-01-01'::date`,
    [{ name: 'pre', at: '2024-01-01' }],
  ],
  [
    `DELETE FROM a WHERE id = ANY (ARRAY[0, 7]) AND price = 1.5`,
    [
      { id: '0', price: '1.5' },
      { id: '7', price: '1.5' },
    ],
  ],
  [`ALTER TABLE a ALTER s TYPE int USING (CASE WHEN s = 'one' THEN 1 END)`, [{ s: 'one' }]],
  [
    `DO $$ BEGIN DELETE FROM a WHERE kind = 'x'; IF true THEN UPDATE b SET n = 1 WHERE name LIKE 'u%'; END IF; END $$`,
    [{ kind: 'x' }, { name: 'u' }],
  ],
  [
    `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM a WHERE kind = ''x'''`,
    [{ kind: 'x' }],
  ],
  ['DELETE FROM a WHERE n = m', []],
  ['DELETE FROM', []],
])('%s', (sql, values) => {
  expect(comparedValues(sql)).toEqual(values)
})
