import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { generateRows } from './generated-rows.ts'
import type { SeedRow, SeedRows } from './set.ts'

async function rowsOf(rows: SeedRows<SeedRow>, ms: number): Promise<unknown[]> {
  const limits = { signal: new AbortController().signal, deadline: performance.now() + ms }
  const given: unknown[] = []
  for await (const row of generateRows(rows, { table: { name: 'item', rows }, limits }))
    given.push(row)
  return given
}

test('rows that never arrive fail at every deadline, even if a timer fires early', async () => {
  const codes = new Set<string | undefined>()
  for (let ms = 1; ms < 4; ms += 0.03) {
    const error: unknown = await rowsOf(() => new Promise(() => {}), ms).catch((e: unknown) => e)
    codes.add(failureOf(error)?.code)
  }
  expect([...codes]).toEqual(['SEEDS.DEADLINE'])
})

test('rows may take longer than the longest timer', async () => {
  const days = 60 * 24 * 60 * 60 * 1000
  const rows = async function* () {
    await sleep(20)
    yield { code: 'a' }
  }
  expect(await rowsOf(rows, days)).toEqual([{ code: 'a' }])
})
