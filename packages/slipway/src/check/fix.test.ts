import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { addMigration, type TestMigration, writeProject } from '../../test/project.ts'
import { shareImages } from '../../test/target.ts'
import { checksum } from '../statements/index.ts'

const INIT = {
  name: '1_init',
  sql: 'CREATE TABLE team (id integer PRIMARY KEY, name text);\n',
}
const UNSAFE = 'ALTER TABLE team ALTER COLUMN name SET NOT NULL;\n'
const SAFE = `-- slipway: no-transaction

ALTER TABLE team ADD CONSTRAINT team_name_filled CHECK (name IS NOT NULL) NOT VALID;
ALTER TABLE team VALIDATE CONSTRAINT team_name_filled;
ALTER TABLE team ALTER COLUMN name SET NOT NULL;
ALTER TABLE team DROP CONSTRAINT team_name_filled;
`

let root = ''
afterEach(() => {
  rmSync(root, { recursive: true })
})

function project(...migrations: readonly TestMigration[]): void {
  root = writeProject([INIT, ...migrations])
  shareImages(root)
}

interface Document {
  readonly result: { readonly migrations: readonly Record<string, unknown>[] }
  readonly findings: readonly { readonly id: string; readonly severity: string }[]
  readonly failure: { readonly code: string } | null
}

async function fix(...args: string[]): Promise<{ readonly code: number; readonly said: Document }> {
  const { exitCode: code, stdout } = await runCli(['fix', ...args, '--json'], { cwd: root })
  return { code, said: JSON.parse(stdout) as Document }
}

function textOf(name: string, file = 'migration.sql'): string {
  return readFileSync(path.join(root, 'prisma/migrations', name, file), 'utf8')
}

test('the last migration is shown, then written with --write, and then needs no fix', async () => {
  const down = `-- slipway: down of 2_name\n-- slipway: checksum ${checksum(UNSAFE)}\n\nSELECT 1;\n`
  project({ name: '2_name', sql: UNSAFE, down })
  const shown = await fix()
  expect(shown.code).toBe(4)
  expect(shown.said.result.migrations).toMatchObject([
    { name: '2_name', sql: SAFE, written: false, refusal: null, left: [] },
  ])
  expect(shown.said.result.migrations[0]?.['rewritten']).toMatchObject([
    { id: 'not-null-scans', statement: 1, line: 1, lock: 'ACCESS EXCLUSIVE' },
  ])
  expect(textOf('2_name')).toBe(UNSAFE)

  const written = await fix('--write')
  expect([written.code, textOf('2_name')]).toEqual([0, SAFE])
  expect(textOf('2_name', 'down.sql')).toBe(down.replace(checksum(UNSAFE), checksum(SAFE)))

  const again = await fix('--write')
  expect(again.code).toBe(0)
  expect(again.said.result.migrations).toMatchObject([{ rewritten: [], left: [], written: false }])
})

test('the human report: a diff, what was done, and a warning about applied migrations', async () => {
  project({ name: '2_name', sql: UNSAFE })
  const { stdout } = await runCli(['fix'], { cwd: root })
  const diff = [
    '+-- slipway: no-transaction',
    '+',
    '+ALTER TABLE team ADD CONSTRAINT team_name_filled CHECK (name IS NOT NULL) NOT VALID;',
    '+ALTER TABLE team VALIDATE CONSTRAINT team_name_filled;',
    ' ALTER TABLE team ALTER COLUMN name SET NOT NULL;',
    '+ALTER TABLE team DROP CONSTRAINT team_name_filled;',
  ]
  expect(stdout).toContain(diff.map((line) => `  ${line}\n`).join(''))
  expect(stdout).toContain('not-null-scans, statement 1')
  expect(stdout).toContain('slipway fix 2_name --write')
  expect(stdout).toContain('would report a fixed one as edited')
})

test('all migrations, each based on its earlier history; one without hazards stays', async () => {
  project(
    { name: '2_name', sql: UNSAFE },
    { name: '3_made', sql: 'CREATE TABLE a (b int); CREATE INDEX c ON a (b);' },
    { name: '4_key', sql: 'ALTER TABLE team ADD CONSTRAINT key UNIQUE (name);\n' },
  )
  const { code, said } = await fix('--all', '--write')
  expect(code).toBe(0)
  expect(said.result.migrations.map(({ name, written }) => [name, written])).toEqual([
    ['1_init', false],
    ['2_name', true],
    ['3_made', false],
    ['4_key', true],
  ])
  expect(textOf('4_key')).toContain('UNIQUE USING INDEX key;\n')
})

test('a form that produces a different schema is refused, reported, and not written', async () => {
  // PostgreSQL names it team_name_name1_idx, which cannot be derived from the columns.
  const sql = 'CREATE INDEX ON team (name, name text_pattern_ops);\n'
  project({ name: '2_index', sql })
  const { code, said } = await fix('--write')
  expect(code).toBe(4)
  expect(said.result.migrations).toMatchObject([
    {
      written: false,
      refusal: { code: 'CHECK.FIX_DIFFERS', message: expect.stringContaining('idx') },
    },
  ])
  expect(said.findings.map(({ id, severity }) => [id, severity])).toEqual([
    ['fix-refused', 'error'],
  ])
  expect(textOf('2_index')).toBe(sql)
})

test('an enum value that is used before it is committed gets its own step', async () => {
  const sql = `BEGIN;\nALTER TYPE size ADD VALUE 'XL';\nALTER TABLE shirt ALTER size SET DEFAULT 'XL';\nCOMMIT;\n`
  project(
    {
      name: '2_shirt',
      sql: `CREATE TYPE size AS ENUM ('S'); CREATE TABLE shirt (id integer PRIMARY KEY, size size);\n`,
    },
    { name: '3_size', sql },
  )
  const { code, said } = await fix('--write')
  expect(said.result.migrations).toMatchObject([
    { written: true, refusal: null, rewritten: [{ id: 'enum-value-used' }] },
  ])
  expect(code).toBe(0)
  expect(textOf('3_size')).toMatch(/^ALTER TYPE size ADD VALUE 'XL';\n\nBEGIN;\nALTER TABLE/)
})

test('hazards that remain are reported without a failure; an unknown name is a failure', async () => {
  project({ name: '2_type', sql: 'ALTER TABLE team ALTER id TYPE bigint;\n' })
  const { code, said } = await fix()
  expect([code, said.findings.map(({ id }) => id)]).toEqual([0, ['type-change']])
  expect(said.result.migrations).toMatchObject([{ rewritten: [], left: [{ id: 'type-change' }] }])
  addMigration(root, { name: '3_empty', sql: '' })
  expect((await fix()).code).toBe(0)
  const unknown = await fix('nowhere')
  expect([unknown.code, unknown.said.failure?.code]).toEqual([2, 'CHECK.UNKNOWN_MIGRATION'])
  expect(existsSync(path.join(root, 'prisma/migrations/nowhere'))).toBe(false)
})
