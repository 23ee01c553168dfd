import { expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { selectMigrations } from './select-migrations.ts'

const migrations = ['1_init', '2_add_users', '3_users', 'users', '5_init'].map(
  (name): MigrationFolder => ({ name, path: `${name}/migration.sql`, sql: '' }),
)

async function select(...names: string[]) {
  return await attempt(async () => selectMigrations({ migrations, names }).map(({ name }) => name))
}

test.each([
  [[], ['5_init']],
  [['add_users'], ['2_add_users']],
  [['users'], ['users']],
  [
    ['2_add_users', 'add_users', '1_init'],
    ['2_add_users', '1_init'],
  ],
])('%j selects %j', async (names, value) => {
  expect(await select(...names)).toEqual({ ok: true, value })
})

test('an ending of several migrations is refused with their names', async () => {
  expect(await select('init')).toMatchObject({
    failure: { message: 'Several migrations end with init: 1_init, 5_init.' },
  })
})
