import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  attempt,
  ConnectionString,
  failureOf,
  formatDuration,
  parseDuration,
  type Raise,
  createRaise,
  redact,
} from './index.ts'

test.each([
  ['200ms', 200],
  ['5s', 5000],
  ['15min', 900_000],
  ['1.5h', 5_400_000],
  ['7d', 604_800_000],
  ['10', undefined],
  ['soon', undefined],
])('a duration %s is %s milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test('durations read well', () => {
  expect([12, 1500, 125_000, 120_000].map(formatDuration)).toEqual([
    '12 ms',
    '1.5 s',
    '2 min 5 s',
    '2 min',
  ])
})

test('a connection string never shows its password', () => {
  const secret = new ConnectionString(
    'postgresql://app:hunter2@db.example.com:5432/shop?sslmode=require',
  )
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ nested: [secret] }),
  ]
  for (const text of shown) {
    expect(text).not.toContain('hunter2')
    expect(text).toContain('app:***@db.example.com:5432/shop')
  }
  expect(secret.reveal()).toContain('hunter2')
})

test('guarantee 10: redacted text never contains a password', () => {
  const password = fc
    .string({ minLength: 4, maxLength: 24 })
    .map(encodeURIComponent)
    .filter((text) => text.length >= 4)
  fc.assert(
    fc.property(password, (secret) => {
      const text = `could not reach postgresql://someone:Q${secret}Q@host:5432/base, giving up`
      return !redact(text).includes(`Q${secret}Q`)
    }),
  )
})

test('a raised failure is found by its shape, a bug is not', async () => {
  const raise: Raise<{ readonly 'MODULE.REASON': { readonly title: string } }> = createRaise({
    'MODULE.REASON': { title: 'a reason' },
  })
  const failed = await attempt(async () => raise('MODULE.REASON', { message: 'It did not work.' }))
  expect(failed).toEqual({
    ok: false,
    failure: { code: 'MODULE.REASON', message: 'It did not work.', nextActions: [] },
  })
  await expect(attempt(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug')
  expect(failureOf(new TypeError('bug'))).toBeUndefined()
})
