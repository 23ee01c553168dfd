import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RetentionConfig } from '../project/index.ts'
import { expiredBackups, type RetainedBackup } from './retention.ts'

const HOUR = 3_600_000

function backup(createdAt: string, other: Partial<RetainedBackup> = {}): RetainedBackup {
  return { id: createdAt, createdAt, bytes: 10, referredTo: false, ...other }
}

function kept(backups: readonly RetainedBackup[], keep: RetentionConfig): string[] {
  const decisions = expiredBackups(backups, keep)
  return decisions.filter(({ action }) => action === 'keep').map(({ id }) => id)
}

const days = (...list: string[]) => list.map((day) => backup(`2026-${day}`))

describe('rules', () => {
  test('last: the newest', () => {
    const backups = days('11-01T00:00:00Z', '11-03T00:00:00Z', '11-02T00:00:00Z')
    expect(kept(backups, { last: 2 })).toEqual(['2026-11-03T00:00:00Z', '2026-11-02T00:00:00Z'])
  })

  test('days: the newest of each day with a backup, however long ago', () => {
    const backups = days('01-01T01:00:00Z', '01-01T23:59:59Z', '06-01T12:00:00Z', '06-02T00:00:00Z')
    expect(kept(backups, { days: 2 })).toEqual(['2026-06-02T00:00:00Z', '2026-06-01T12:00:00Z'])
    expect(kept(backups, { days: 3 })).toContain('2026-01-01T23:59:59Z')
  })

  test('weeks begin on Monday, even at the turn of the year', () => {
    const backups = [
      '2026-12-27T10:00:00Z',
      '2026-12-28T10:00:00Z',
      '2027-01-03T10:00:00Z',
      '2027-01-04T10:00:00Z',
    ].map((at) => backup(at))
    expect(kept(backups, { weeks: 2 })).toEqual(['2027-01-04T10:00:00Z', '2027-01-03T10:00:00Z'])
  })

  test('months, with the reason for each decision', () => {
    const backups = days('09-30T00:00:00Z', '10-01T00:00:00Z', '10-31T00:00:00Z', '11-01T00:00:00Z')
    expect(expiredBackups(backups, { months: 2 })).toEqual([
      { id: '2026-11-01T00:00:00Z', action: 'keep', reason: 'the newest backup' },
      { id: '2026-10-31T00:00:00Z', action: 'keep', reason: 'the newest of 2026-10' },
      { id: '2026-10-01T00:00:00Z', action: 'expire', reason: 'no rule keeps it' },
      { id: '2026-09-30T00:00:00Z', action: 'expire', reason: 'no rule keeps it' },
    ])
  })

  test('without a rule, all are kept; with only a size, the newest that fit', () => {
    const backups = days('11-01T00:00:00Z', '11-02T00:00:00Z', '11-03T00:00:00Z')
    expect(kept(backups, {})).toHaveLength(3)
    expect(kept(backups, { maxBytes: 29 })).toEqual([
      '2026-11-03T00:00:00Z',
      '2026-11-02T00:00:00Z',
    ])
  })

  test('protected backups are kept even if they are larger than the size', () => {
    const backups = [
      backup('2026-11-01T00:00:00Z', { verifiedAt: '2026-11-01T01:00:00Z' }),
      backup('2026-11-02T00:00:00Z', { referredTo: true }),
      backup('2026-11-03T00:00:00Z'),
      backup('2026-11-04T00:00:00Z'),
    ]
    expect(expiredBackups(backups, { last: 4, maxBytes: 1 }).map(({ reason }) => reason)).toEqual([
      'the newest backup',
      'all together are larger than 1 B',
      'a kept deploy refers to it',
      'the last verified backup',
    ])
  })

  test('a clock that once ran ahead hides neither the newest nor the last verified backup', () => {
    const ahead = backup('2099-01-01T00:00:00Z', {
      storedAt: '2026-11-01T00:00:00Z',
      verifiedAt: '2026-11-01T00:00:00Z',
    })
    const verified = backup('2026-11-02T00:00:00Z', {
      storedAt: '2026-11-02T00:00:00Z',
      verifiedAt: '2026-11-02T01:00:00Z',
    })
    const newest = backup('2026-11-03T00:00:00Z', { storedAt: '2026-11-03T00:00:00Z' })
    expect(kept([ahead, verified, newest], { last: 1 })).toEqual([ahead.id, newest.id, verified.id])
  })

  test('a time that cannot be read removes nothing', () => {
    expect(kept([backup('yesterday'), ...days('11-01T00:00:00Z')], { last: 1 })).toContain(
      'yesterday',
    )
  })
})

/** A step of a clock: forwards, none, or a jump of up to 30 years in either direction. */
const tick = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 72 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -262_800, max: 262_800 }) },
)

interface Made extends RetainedBackup {
  /** The true order, which the clocks need not follow. */
  readonly nth: number
}

const history = fc
  .array(
    fc.record({
      tick,
      bytes: fc.integer({ min: 0, max: 1000 }),
      verified: fc.boolean(),
      referredTo: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let clock = Date.parse('2026-11-29T15:00:00Z')
    return steps.map(({ tick: hours, bytes, verified, referredTo }, nth): Made => {
      clock += hours * HOUR
      const createdAt = new Date(clock).toISOString()
      // The clocks of the store and of the verifier are correct; the server's clock jumps.
      const right = new Date(nth * HOUR).toISOString()
      const verifiedAt = verified ? right : undefined
      return { id: `b${nth}`, nth, createdAt, storedAt: right, bytes, verifiedAt, referredTo }
    })
  })

const count = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined })
const policy: fc.Arbitrary<RetentionConfig> = fc
  .record({
    last: count,
    days: count,
    weeks: count,
    months: count,
    maxBytes: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))

function newestBy(backups: readonly Made[], time: (one: Made) => number): Made | undefined {
  return backups.toSorted((a, b) => time(b) - time(a))[0]
}

test('in 10,000 histories with clock jumps no protected backup expires, and a second run changes nothing', () => {
  let expired = 0
  fc.assert(
    fc.property(history, policy, fc.integer(), (backups, keep, seed) => {
      const shuffled = backups.toSorted(
        (a, b) => ((a.nth * 31 + seed) % 17) - ((b.nth * 31 + seed) % 17),
      )
      const decisions = expiredBackups(shuffled, keep)
      const stays = new Set(decisions.filter(({ action }) => action === 'keep').map(({ id }) => id))
      expect(decisions).toHaveLength(backups.length)
      expired += backups.length - stays.size

      const verified = backups.filter(({ verifiedAt }) => verifiedAt !== undefined)
      const must = [
        ...backups.filter(({ referredTo }) => referredTo),
        newestBy(backups, ({ nth }) => nth),
        newestBy(backups, ({ createdAt }) => Date.parse(createdAt)),
        newestBy(verified, ({ nth }) => nth),
        newestBy(verified, ({ createdAt }) => Date.parse(createdAt)),
      ].filter((one) => one !== undefined)
      const times = (one: Made) =>
        backups.filter(({ createdAt }) => createdAt === one.createdAt).length
      // Among several with the same time, any may count as the newest.
      for (const one of must)
        if (times(one) === 1 || one.referredTo) expect(stays).toContain(one.id)
      expect(stays).toContain(newestBy(backups, ({ nth }) => nth)?.id)
      if (verified.length > 0) expect(stays).toContain(newestBy(verified, ({ nth }) => nth)?.id)

      const rest = shuffled.filter(({ id }) => stays.has(id))
      expect(expiredBackups(rest, keep).filter(({ action }) => action === 'expire')).toEqual([])

      const bytes = rest.reduce((sum, one) => sum + one.bytes, 0)
      const optional = decisions.filter(
        ({ action, reason }) =>
          action === 'keep' && /^(?:one of|no rule|the newest of)/.test(reason),
      )
      if (keep.maxBytes !== undefined && bytes > keep.maxBytes) expect(optional).toEqual([])
    }),
    { numRuns: 10_000 },
  )
  // The histories must make many backups expire.
  expect(expired).toBeGreaterThan(10_000)
})

test('the order of the input changes nothing', () => {
  fc.assert(
    fc.property(history, policy, (backups, keep) => {
      const result = expiredBackups(backups, keep)
      expect(expiredBackups(backups.toReversed(), keep)).toEqual(result)
    }),
    { numRuns: 500 },
  )
})
