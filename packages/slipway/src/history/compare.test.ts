import { expect, test } from 'vitest'
import { checksum } from '../migration/index.ts'
import { compareHistory, type HistoryRow, obstacle } from './index.ts'

const file = (name: string, sql = `-- ${name}`) => ({ name, sql })
const row = (migration: string, more: Partial<HistoryRow> = {}): HistoryRow => ({
  migration,
  checksum: checksum(`-- ${migration}`),
  finishedAt: '2026-01-01',
  rolledBackAt: null,
  logs: null,
  ...more,
})
const compare = (rows: HistoryRow[], names: string[]) =>
  compareHistory(
    { exists: true, rows },
    names.map((name) => file(name)),
  )

test.each([
  ['empty', [], ['a']],
  ['up-to-date', [row('a')], ['a']],
  ['behind', [row('a')], ['a', 'b']],
  ['ahead', [row('a'), row('b')], ['a']],
  ['diverged', [row('a'), row('x')], ['a', 'b']],
  ['failed', [row('a', { finishedAt: null })], ['a']],
] as const)('a history can be %s', (state, rows, names) => {
  expect(compare([...rows], [...names]).state).toBe(state)
})

test('a migration that was rolled back is pending again, and applied again is applied', () => {
  const back = row('a', { rolledBackAt: '2026-01-02' })
  expect(compare([back], ['a'])).toMatchObject({ pending: ['a'], rolledBack: ['a'], applied: [] })
  expect(compare([back, row('a')], ['a'])).toMatchObject({
    pending: [],
    rolledBack: [],
    applied: ['a'],
  })
})

test('another text is an edit, other line ends are none', () => {
  const applied = { exists: true, rows: [row('a', { checksum: checksum('SELECT 1;\n') })] }
  expect(compareHistory(applied, [file('a', 'SELECT 1;\r\n')]).edited).toEqual([])
  expect(compareHistory(applied, [file('a', 'SELECT 2;\n')]).edited).toEqual(['a'])
})

test.each([
  ['HISTORY.FAILED', [row('a', { finishedAt: null })], ['a']],
  ['HISTORY.DIVERGED', [row('x')], ['a']],
  ['HISTORY.MISSING', [row('a'), row('x')], ['a']],
  ['HISTORY.EDITED', [row('a', { checksum: 'other' })], ['a']],
] as const)('%s stops a deploy', (code, rows, names) => {
  expect(obstacle(compare([...rows], [...names]))?.code).toBe(code)
})
