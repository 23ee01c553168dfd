import { expect, test } from 'vitest'
import { failureOf, Secret } from '../../kernel/index.ts'
import { isBusy, isTransient, raiseRefused, sqliteErrorIn } from './refusals.ts'

const ADDRESS = {
  kind: 'd1',
  d1: { name: 'shop', migrationsTable: 'd1_migrations' },
  accountId: 'account',
  databaseId: 'id',
  token: new Secret('secret'),
  apiUrl: 'https://api.cloudflare.com/client/v4',
} as const

function refused(status: number, code: number, message: string) {
  try {
    return raiseRefused(ADDRESS, { status, code, message })
  } catch (error) {
    return failureOf(error)
  }
}

// As workerd words them: see test/d1-facts.test.ts.
test.each([
  [
    'CHECK constraint failed: a name, short: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)',
    {
      code: 275,
      name: 'SQLITE_CONSTRAINT_CHECK',
      message: 'CHECK constraint failed: a name, short',
    },
  ],
  [
    'D1_ERROR: near "selec": syntax error at offset 0: SQLITE_ERROR',
    { code: 1, name: 'SQLITE_ERROR', message: 'near "selec": syntax error' },
  ],
  [
    'datatype mismatch: SQLITE_MISMATCH',
    { code: 20, name: 'SQLITE_MISMATCH', message: 'datatype mismatch' },
  ],
  [
    'two\nlines: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)',
    { code: 1811, name: 'SQLITE_CONSTRAINT_TRIGGER', message: 'two\nlines' },
  ],
  [
    'UNIQUE constraint failed: user.email: SQLITE_CONSTRAINT',
    {
      code: 2067,
      name: 'SQLITE_CONSTRAINT_UNIQUE',
      message: 'UNIQUE constraint failed: user.email',
    },
  ],
  ['Network connection lost.', undefined],
])('%s', (message, error) => {
  expect(sqliteErrorIn(message)).toEqual(error)
})

test('a busy call was not carried out, a transient failure leaves that unknown', () => {
  expect(isBusy('D1 DB is overloaded. Too many requests queued.')).toBe(true)
  expect(isBusy('D1_ERROR: Currently processing a long-running import.')).toBe(true)
  expect(isTransient('D1 DB reset because its code was updated.')).toBe(true)
  expect(isTransient('internal error; reference = x')).toBe(true)
  expect(isBusy('no such table: t: SQLITE_ERROR')).toBe(false)
  expect(isTransient('no such table: t: SQLITE_ERROR')).toBe(false)
})

test.each([
  [401, 10_000, 'Authentication error', 'DATABASE.AUTHENTICATION'],
  [400, 6003, 'Invalid request headers', 'DATABASE.AUTHENTICATION'],
  [403, 7403, 'The given account is not valid', 'DATABASE.AUTHENTICATION'],
  [404, 7404, 'The database x could not be found', 'DATABASE.NOT_FOUND'],
  [400, 7500, 'no such table: t: SQLITE_ERROR', 'DATABASE.STATEMENT'],
  [400, 7500, 'Currently processing a long-running import.', 'DATABASE.LOCKED'],
  [400, 7500, 'D1 DB is overloaded. Too many requests queued.', 'DATABASE.UNREACHABLE'],
  [400, 7003, 'Could not route to it', 'DATABASE.STATEMENT'],
])('%i with code %i: %s', (status, code, message, expected) => {
  expect(refused(status, code, message)?.code).toBe(expected)
})

test('the failure of a token names the required permission', () => {
  expect(refused(401, 10_000, 'Authentication error')?.nextActions[0]?.label).toContain('D1:Edit')
})

test('the failure of a statement that is too long names the limit', () => {
  expect(refused(400, 7500, 'statement too long: SQLITE_TOOBIG')).toMatchObject({
    why: expect.stringContaining('100,000 bytes'),
    sqlite: { name: 'SQLITE_TOOBIG' },
  })
})
