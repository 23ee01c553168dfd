import { expect, test } from 'vitest'
import { createBlocks } from './create-view.ts'

test('parts that are not kept are warnings with the reason, and so are values that a kept part rejects', () => {
  const table = { kind: 'table', schema: null, name: 'T' } as const
  const blocks = createBlocks(
    {
      migration: null,
      down: null,
      statements: 0,
      kept: [{ object: table, reason: 'CHECK', caution: 'it rejects the new default of state' }],
      notKept: [
        { object: table, part: 'STRICT', reason: 'STRICT has no type DATETIME' },
        { object: { kind: 'view', schema: null, name: 'v' }, reason: 'no such column: b' },
      ],
    },
    '/',
  )
  expect(blocks.slice(1)).toEqual([
    { kind: 'status', mark: 'note', text: 'Kept table T', note: 'CHECK' },
    {
      kind: 'status',
      mark: 'warning',
      text: 'CHECK of table T',
      note: 'it rejects the new default of state',
    },
    {
      kind: 'status',
      mark: 'warning',
      text: 'Not kept: STRICT of table T',
      note: 'STRICT has no type DATETIME',
    },
    { kind: 'status', mark: 'warning', text: 'Not kept: view v', note: 'no such column: b' },
  ])
})
