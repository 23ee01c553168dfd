import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { compareNames, proofPath, readMigrations } from './index.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'slipway-flat-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(file: string, content = 'SELECT 1;'): void {
  mkdirSync(path.dirname(path.join(dir, file)), { recursive: true })
  writeFileSync(path.join(dir, file), content)
}

function names(): string[] {
  return readMigrations(dir, { layout: 'flat' }).map(({ name }) => name)
}

test('files are ordered by number as in wrangler, those without one last, and others are left out', () => {
  for (const file of ['10_c.sql', '0001_init.sql', '2_b.sql', 'late.sql', '0001_again.sql'])
    write(file)
  for (const file of ['README.md', '.hidden.sql', 'meta/0003_x.sql', 'down/0001_init.sql'])
    write(file)
  expect(names()).toEqual(['0001_again', '0001_init', '2_b', '10_c', 'late'])
})

test('a down migration is in the folder down, which wrangler ignores', () => {
  write('0001_init.sql', 'CREATE TABLE a (id);')
  write('down/0001_init.sql', 'DROP TABLE a;')
  write('0002_b.sql')
  const [first, second] = readMigrations(dir, { layout: 'flat', downMigrations: true })
  const file = path.join(dir, '0001_init.sql')
  expect(first).toEqual({
    name: '0001_init',
    path: file,
    sql: 'CREATE TABLE a (id);',
    downPath: path.join(dir, 'down/0001_init.sql'),
    down: 'DROP TABLE a;',
  })
  expect(second).not.toHaveProperty('down')
  expect(proofPath({ name: '0001_init', path: file })).toBe(
    path.join(dir, 'down/0001_init.proof.json'),
  )
})

test('a down migration next to its migration is refused: wrangler would apply it', async () => {
  write('0001_init.sql')
  write('0001_init.down.sql')
  const result = await attempt(async () => names())
  expect(result).toMatchObject({ failure: { code: 'PROJECT.DOWN_MIGRATION_PLACE' } })
})

test('names are ordered by the number, not by the text', () => {
  expect(compareNames('flat', '9_a', '10_a')).toBeLessThan(0)
  expect(compareNames('folders', '9_a', '10_a')).toBeGreaterThan(0)
  expect(compareNames('flat', 'b', '1_a')).toBeGreaterThan(0)
  expect(compareNames('flat', 'a', 'a')).toBe(0)
})
