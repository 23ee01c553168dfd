import { expect, test } from 'vitest'
import { parserFor } from '../statements/index.ts'
import { applyStatement, emptySchema } from './index.ts'

test('an enum has a value once that is added again with IF NOT EXISTS', async () => {
  const { parse } = await parserFor('postgres')
  const sql = `CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad';
    ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'; ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad';`
  const schema = parse(sql).reduce(
    (applied, statement) => applyStatement(applied, statement, 'one'),
    emptySchema('public'),
  )
  expect([...schema.enums.values()].map(({ labels }) => labels)).toEqual([['sad', 'ok', 'glad']])
})
