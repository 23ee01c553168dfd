import { expect, test } from 'vitest'
import { waitsOf } from './waits.ts'
import type { Sample } from './workload.ts'

const read = (at: number, ms: number, more: Partial<Sample> = {}): Sample => ({
  class: 'read',
  table: 'users',
  at,
  ms,
  failed: false,
  ...more,
})

test('a query counts as concurrent if it overlaps with the migration', () => {
  const samples = [
    read(0, 2),
    read(5, 4),
    read(98, 30),
    read(150, 6, { failed: true }),
    read(300, 900),
  ]
  expect(waitsOf(samples, [], { from: 100, to: 200 })).toMatchObject([
    {
      before: { queries: 2, medianMs: 4, longestMs: 4 },
      during: { queries: 2, longestMs: 30, failed: 1 },
    },
  ])
})

test('the longest wait is assigned to the statement with the longest overlap', () => {
  const spans = [
    { statement: 1, line: 1, from: 100, to: 110 },
    { statement: 2, line: 3, from: 110, to: 190 },
  ]
  const [one] = waitsOf([read(105, 70)], spans, { from: 100, to: 200 })
  expect(one?.statement).toBe(2)
  expect(waitsOf([read(10, 5)], spans, { from: 100, to: 200 })).toMatchObject([{ statement: null }])
})

test('each class of each table is reported separately, reads first', () => {
  const samples = [
    read(1, 1, { class: 'long-read' }),
    read(1, 1, { class: 'write', table: 'b' }),
    read(1, 1),
    read(1, 1, { table: 'b' }),
  ]
  const found = waitsOf(samples, [], { from: 5, to: 9 })
  expect(found.map((one) => `${one.table} ${one.class}`)).toEqual([
    'b read',
    'b write',
    'users read',
    'users long-read',
  ])
})

test('the timeline keeps only the longest query of each interval', () => {
  const samples = Array.from({ length: 4000 }, (_, at) => read(at, at === 2000 ? 700 : 1))
  const [one] = waitsOf(samples, [], { from: 1000, to: 4000 })
  expect(one?.timeline.length).toBeLessThanOrEqual(161)
  expect(Math.max(...(one?.timeline ?? []).map(({ longestMs }) => longestMs))).toBe(700)
})
