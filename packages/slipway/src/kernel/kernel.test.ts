import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  attempt,
  ConnectionString,
  failureOf,
  formatBytes,
  formatDuration,
  parseDuration,
  parseSqlType,
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

test.each([
  [12, '12 ms'],
  [999.6, '1.0 s'],
  [1500, '1.5 s'],
  [59_970, '1 min'],
  [119_600, '2 min'],
  [125_000, '2 min 5 s'],
])('%d milliseconds read as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test.each([
  [999, '999 B'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  ['numeric(10,2)[]', { name: 'numeric', size: [10, 2], array: true }],
  ['numeric(5,-2)', { name: 'numeric', size: [5, -2], array: false }],
  ['timestamp(3) with time zone', { name: 'timestamp with time zone', size: [3], array: false }],
])('parses the type %s', (type, parts) => {
  expect(parseSqlType(type)).toEqual(parts)
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

test.each([
  ['host=db password=hunter2', 'host=db password=***'],
  ["ALTER ROLE app PASSWORD 'hunter2'", 'ALTER ROLE app PASSWORD ***'],
  [`SET "u".password = 'hunter2'`, 'SET "u".password = ***'],
  ["ALTER ROLE app PASSWORD 'it''s' LOGIN", 'ALTER ROLE app PASSWORD *** LOGIN'],
  [String.raw`ALTER ROLE app PASSWORD 'hunter\' LOGIN`, 'ALTER ROLE app PASSWORD *** LOGIN'],
  [String.raw`ALTER ROLE app PASSWORD E'it\'s' LOGIN`, 'ALTER ROLE app PASSWORD *** LOGIN'],
  ["ALTER ROLE app PASSWORD 'hunt", 'ALTER ROLE app PASSWORD ***'],
  ["ALTER ROLE app PASSWORD 'it''s", 'ALTER ROLE app PASSWORD ***'],
  ['spring.datasource.password=hunter2', 'spring.datasource.password=***'],
  ['the target x.password = hunter2 failed', 'the target x.password = *** failed'],
  ['--rename User.password=passwordHash', '--rename User.password=passwordHash'],
  [`--rename 'User.password=hash' password=x`, `--rename 'User.password=hash' password=***`],
  [
    'slipway rollback --fill User.password=unknown',
    'slipway rollback --fill User.password=unknown',
  ],
])('redacts %j as %j', (text, redacted) => {
  expect(redact(text)).toBe(redacted)
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

test('a long word without a connection string is redacted in linear time', () => {
  const text = 'a.'.repeat(100_000)
  const began = performance.now()
  expect(redact(text)).toBe(text)
  expect(performance.now() - began).toBeLessThan(5000)
})
