import { expect, test } from 'vitest'
import { SHADOW } from '../../../test/target.ts'
import { withShadowDatabase } from '../../shadow/index.ts'
import { stableSql, reparsedText } from './reparsed-text.ts'

const COLUMNS =
  'a varchar(10), b char(3), c bigint, d numeric(6,2), e text, f "Mood", g varchar(5)[], h timestamptz(3), i name, j citext_like'

const CHECKS = [
  "a IN ('x', 'y')",
  "a NOT IN ('it''s', 'a,b', ')', '(ARRAY[')",
  "b IN ('x', 'y')",
  'c IN (1, 2, -3)',
  'd = ANY (ARRAY[1, 2.5])',
  "e IN ('x')",
  "f IN ('good', 'bad')",
  "g && ARRAY['x', 'y']::varchar[]",
  "h IN ('2020-01-01', '2021-01-01')",
  "lower(a) IN ('x', upper('y')) AND (a IN ('p', 'q') OR a || 'x' = ANY (ARRAY['r'::varchar(3), a]))",
  "i IN ('x', 'y')",
  "j IN ('x', 'y')",
  "a IN ('x', NULL)",
  "CASE WHEN a IN ('x', 'y') THEN b ELSE 'z' END NOT IN ('u', 'v')",
]

test('a check is compared as the server prints it after reading its own text, and can be created unchanged', async () => {
  await withShadowDatabase(SHADOW, [], async (session) => {
    await session.execute(
      `CREATE TYPE "Mood" AS ENUM ('good', 'bad'); CREATE DOMAIN citext_like AS varchar(9); CREATE TABLE t (${COLUMNS})`,
    )
    const read = async (name: string) => {
      const [row] = await session.query<{ def: string }>(
        `SELECT pg_get_constraintdef(oid) AS def FROM pg_constraint WHERE conname = '${name}'`,
      )
      return row?.def ?? ''
    }
    const changed: string[] = []
    for (const check of CHECKS) {
      await session.execute(`ALTER TABLE t ADD CONSTRAINT first CHECK (${check})`)
      const first = await read('first')
      await session.execute(`ALTER TABLE t ADD CONSTRAINT second ${first}`)
      const second = await read('second')
      if (first !== second) changed.push(check)
      expect(reparsedText(first), check).toBe(reparsedText(second))
      expect(reparsedText(second), check).toBe(second)
      await session.execute(`ALTER TABLE t ADD CONSTRAINT third ${stableSql(first)}`)
      // The text does not say which type a column in an array has.
      if (!check.includes(', a]')) expect(await read('third')).toBe(first)
      await session.execute(
        'ALTER TABLE t DROP CONSTRAINT first, DROP CONSTRAINT second, DROP CONSTRAINT third',
      )
    }
    expect(changed).toContain(CHECKS[0])
  })
})

test.each([
  ["CHECK ((a = ANY ('{x}'::text[])))", undefined],
  [
    "CHECK (((a)::text = ANY ((ARRAY['x'::character varying])::text[])))",
    "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text])))",
  ],
])('%s', (text, settled = text) => {
  expect(reparsedText(text)).toBe(settled)
})
