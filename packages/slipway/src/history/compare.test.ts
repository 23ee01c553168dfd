import { expect, test } from 'vitest'
import { checksum, squashHead } from '../statements/index.ts'
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

test('a rolled back migration is pending until it is applied again', () => {
  const back = row('a', { rolledBackAt: '2026-01-02' })
  expect(compare([back], ['a'])).toMatchObject({ pending: ['a'], rolledBack: ['a'], applied: [] })
  expect(compare([back, row('a')], ['a'])).toMatchObject({
    pending: [],
    rolledBack: [],
    applied: ['a'],
  })
})

test('a migration with an unfinished row failed, as for Prisma, also if another row records it as applied', () => {
  const failed = row('a', { finishedAt: null })
  for (const rows of [
    [failed, row('a')],
    [row('a'), failed],
  ])
    expect(compare(rows, ['a'])).toMatchObject({ state: 'failed', failed: ['a'], applied: [] })
})

test('a different text is an edit, different line endings are not', () => {
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

const SQUASH = `${squashHead([file('a'), file('b')])}SELECT 1;`
const withSquash = (rows: HistoryRow[], ...more: string[]) =>
  compareHistory({ exists: true, rows }, [
    file('b_squashed', SQUASH),
    ...more.map((name) => file(name)),
  ])
const into = { rolledBackAt: '2026-01-02', logs: 'slipway: squashed into b_squashed' }
const own = row('b_squashed', { checksum: checksum(SQUASH) })

test.each([
  ['whole', 'behind', [row('a'), row('b')], undefined],
  ['partly', 'behind', [row('a')], 'HISTORY.SQUASHED_PARTLY'],
  ['left-over', 'up-to-date', [row('a'), row('b'), own], undefined],
  ['recorded', 'up-to-date', [row('a', into), row('b', into), own], undefined],
  ['whole', 'behind', [row('a', { checksum: 'other' }), row('b')], 'HISTORY.EDITED'],
] as const)('a squash that a target has %s gives the state %s', (kind, state, rows, code) => {
  const comparison = withSquash([...rows])
  expect(comparison).toMatchObject({ state, missing: [], rolledBack: [] })
  expect(comparison.squashed.map((one) => one.kind)).toEqual([kind])
  expect(obstacle(comparison)?.code).toBe(code)
})

test('a squash has no status on an empty target, nor on one where it ran', () => {
  expect(withSquash([])).toMatchObject({ state: 'empty', squashed: [], pending: ['b_squashed'] })
  expect(withSquash([own])).toMatchObject({ state: 'up-to-date', squashed: [] })
})

test('a migration that no squash replaces is still missing; a squash next to migrations that it replaces is unfinished', () => {
  expect(obstacle(withSquash([row('a'), row('b'), row('x')]))?.code).toBe('HISTORY.DIVERGED')
  const unfinished = withSquash([row('a'), row('b')], 'b')
  expect(unfinished.unfinishedSquashes).toEqual(['b_squashed'])
  expect(obstacle(unfinished)?.code).toBe('HISTORY.SQUASH_UNFINISHED')
})

test('a nested squash counts as applied if all migrations that it replaces are', () => {
  const outer = `${squashHead([file('b_squashed', SQUASH), file('c')])}SELECT 1;`
  const kindOn = (rows: HistoryRow[]) =>
    compareHistory({ exists: true, rows }, [file('c_squashed', outer)]).squashed.map((one) => [
      one.kind,
      one.lacks,
    ])
  expect(kindOn([row('a'), row('b'), row('c')])).toEqual([['whole', []]])
  expect(kindOn([own, row('c')])).toEqual([['whole', []]])
  expect(kindOn([row('a', into), row('b', into), own, row('c')])).toEqual([['whole', []]])
  expect(kindOn([row('a'), row('c')])).toEqual([['partly', ['b']]])
  expect(kindOn([row('c')])).toEqual([['partly', ['b_squashed']]])
})
