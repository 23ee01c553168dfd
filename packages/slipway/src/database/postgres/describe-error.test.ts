import { expect, test } from 'vitest'
import { describe } from './describe-error.ts'

const AS = { where: 'db.example:5432', user: 'de"ploy' }

test.each([
  ['permission denied for schema public', 'GRANT USAGE, CREATE ON SCHEMA "public" TO "de""ploy";'],
  ['permission denied for table Order', 'GRANT ALL ON TABLE "Order" TO "de""ploy";'],
  ['permission denied for database shop', 'GRANT CREATE ON DATABASE "shop" TO "de""ploy";'],
])('%s: %s', (message, sql) => {
  const { nextActions = [] } = describe('DATABASE.PERMISSION', { code: '42501', message }, AS)
  expect(nextActions[0]).toMatchObject({ kind: 'command', command: sql })
})

test.each(['keine Berechtigung für Schema public', 'permission denied to create extension "x"'])(
  '%s: no GRANT is guessed',
  (message) => {
    const { nextActions = [] } = describe('DATABASE.PERMISSION', { code: '42501', message }, AS)
    expect(JSON.stringify(nextActions)).not.toContain('GRANT')
    expect(nextActions).not.toEqual([])
  },
)

test('a network error is described in words, with its code', () => {
  const said = { code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND db.example' }
  expect(describe('DATABASE.UNREACHABLE', said, AS)).toMatchObject({
    message: 'No PostgreSQL server answers at db.example:5432.',
    why: 'There is no host with that name (ENOTFOUND).',
  })
})
