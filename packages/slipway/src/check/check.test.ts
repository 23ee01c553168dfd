import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SHADOW } from '../../test/target.ts'
import { attempt } from '../kernel/index.ts'
import { type MigrationFolder, readMigrations } from '../project/index.ts'
import { type CheckedMigration, checkMigrations, storeProof } from './index.ts'
import { compareStored } from './stored-proof.ts'

const CARRIERS = path.join(import.meta.dirname, '../../../../examples/carriers/prisma/migrations')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-check-'))
  cpSync(CARRIERS, folder, { recursive: true })
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function migrations(): MigrationFolder[] {
  return readMigrations(folder, { downMigrations: true })
}

async function check(...names: string[]): Promise<CheckedMigration[]> {
  return await checkMigrations({
    migrations: migrations(),
    names,
    shadow: SHADOW,
    rules: [],
    facts: { serverVersion: 150_000, defaultSchema: 'public' },
    withoutTestRun: false,
    emit: () => {},
  })
}

async function stored(name: string): Promise<string | undefined> {
  const [one] = await check(name)
  return one?.stored
}

test('the whole reference project: each migration has a grade and hazards', async () => {
  const checked = await check(...migrations().map(({ name }) => name))
  expect(
    checked.map(({ name, proof }) => `${name.slice(15)} ${proof?.grade} ${proof?.schemaEqual}`),
  ).toEqual([
    'init lossless true',
    'add_insurance_policies lossless true',
    'add_loads lossless true',
    'rename_contact_name_to_full_name lossless true',
    'add_carrier_usdot_number lossless true',
    'add_power_only_equipment lossless true',
    'require_load_reference lossy true',
    'index_loads_by_carrier_and_status lossless true',
    'drop_contact_fax lossy true',
    'normalize_mc_numbers lossy true',
    // The check on MC numbers rejects all generated carriers, which policies reference.
    'check_rates_and_dates not proven true',
    'one_primary_contact lossless true',
    'touch_updated_at lossless true',
    'add_carrier_coverage_view lossless true',
    'keep_loads_of_deleted_carriers lossless true',
    'one_contact_of_a_name lossless true',
    'add_carrier_version lossless true',
    'add_idempotency_keys lossless true',
  ])
  const fax = checked.find(({ name }) => name.endsWith('drop_contact_fax'))
  expect(fax?.proof?.lost).toEqual([
    { what: 'object', object: { kind: 'column', schema: null, table: 'contacts', name: 'fax' } },
  ])
  expect(fax?.hazards.map(({ id }) => id)).toContain('drop-column')
})

test('a stored proof is compared with the files and with the test run', async () => {
  const [one] = await check('drop_contact_fax')
  const migration = migrations().find(({ name }) => name === one?.name)
  if (!one?.proof || !migration) throw new TypeError('no proof')
  expect(one.stored).toBe('none')
  const file = storeProof(migration, one.proof)
  expect(await stored('drop_contact_fax')).toBe('same')

  writeFileSync(file, readFileSync(file, 'utf8').replace('"grade": "lossy"', '"grade": "lossless"'))
  expect(await stored('drop_contact_fax')).toBe('differs')

  writeFileSync(migration.path, `${migration.sql}\n-- edited`)
  expect(await stored('drop_contact_fax')).toBe('other-files')

  writeFileSync(file, 'no json')
  expect(await stored('drop_contact_fax')).toBe('unreadable')

  const { proof } = one
  const unreadable = async (text: string) => {
    writeFileSync(file, text)
    return await compareStored(migration)
  }
  const whyNot = async (changed: object) => (await unreadable(JSON.stringify(changed))).unreadable
  const text = JSON.stringify(proof)
  expect(await unreadable('')).toEqual({ stored: 'unreadable', unreadable: 'It is empty.' })
  expect((await unreadable(text.slice(0, -9))).stored).toBe('unreadable')
  expect(await whyNot([proof])).toBe('It must be an object.')
  // An older version wrote sentences in place of references.
  expect(await whyNot({ ...proof, lost: ['column contacts.fax'] })).toBe(
    'lost.0 must be an object.',
  )
  expect(await whyNot({ ...proof, checksums: { up: 1 } })).toBe('checksums.down must be a string.')
  expect(await whyNot({ ...proof, later: 1 })).toBe(undefined)
  rmSync(file)
  mkdirSync(file)
  expect((await compareStored(migration)).unreadable).toBe('It is a folder.')
})

test('without a test run, a stored proof of a migration without down.sql is unchecked', async () => {
  const before = migrations().find(({ name }) => name.endsWith('drop_contact_fax'))
  rmSync(before?.downPath ?? '')
  const [one] = await check('drop_contact_fax')
  const migration = migrations().find(({ name }) => name === one?.name)
  if (!one?.proof || !migration) throw new TypeError('no proof')
  storeProof(migration, one.proof)
  expect(await compareStored(migration)).toEqual({ stored: 'unchecked' })
  expect(await compareStored(migration, one.proof)).toEqual({ stored: 'same' })
  writeFileSync(migration.path, `${migration.sql}\n-- edited`)
  const [edited] = migrations().filter(({ name }) => name === one.name)
  expect(edited && (await compareStored(edited))).toEqual({ stored: 'other-files' })
})

test('a migration that fails is reported with its place; others are still checked', async () => {
  const all = migrations()
  const last = all.at(-1)
  if (!last) throw new TypeError('no migrations')
  writeFileSync(last.path, '-- a comment\nDROP TABLE nowhere;')
  const checked = await check(last.name, 'touch_updated_at')
  expect(checked[0]).toMatchObject({
    refusal: { code: 'SHADOW.REPLAY_FAILED', where: { file: last.path, line: 2 } },
  })
  expect(checked[1]?.proof?.grade).toBe('lossless')
})

test('an unknown name is refused', async () => {
  const failed = await attempt(() => check('drop_contact_faks'))
  expect(failed).toMatchObject({ failure: { code: 'CHECK.UNKNOWN_MIGRATION' } })
})
