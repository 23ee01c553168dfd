import { expect, test } from 'vitest'
import { withoutLiterals } from './blockers.ts'

test.each([
  [
    "SELECT 1 FROM \"it's\" WHERE a = 'x''y' AND b = $1",
    `SELECT ? FROM "it's" WHERE a = '…' AND b = $1`,
  ],
  [
    String.raw`INSERT INTO t VALUES (E'a\'secret', 12.5, $tag$secret$tag$)`,
    "INSERT INTO t VALUES ('…', ?, '…')",
  ],
  ["SELECT /* it's secret */ a -- 'secret\nFROM t", 'SELECT a FROM t'],
  ["INSERT INTO t VALUES ('cut off in the secr", "INSERT INTO t VALUES ('…'"],
  ['INSERT INTO t VALUES ($$cut off in the secr', "INSERT INTO t VALUES ('…'"],
])('%s', (query, shown) => {
  expect(withoutLiterals(query)).toBe(shown)
})
