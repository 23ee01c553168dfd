import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createMigration } from '../src/create/index.ts'
import type { SchemaFile } from '../src/engine/index.ts'
import { attempt, type Result } from '../src/kernel/index.ts'
import type { ShadowOptions } from '../src/shadow/index.ts'
import { prismaSql } from './prisma-engine.ts'
import { prismaCli } from './prisma.ts'
import { writeProject } from './project.ts'
import { createTarget, SHADOW } from './target.ts'

// `create` writes the same SQL as Prisma, byte for byte, for schemas that use all of the schema language:
// from nothing and from an earlier version of each schema.

const FOLDER = new URL('fixtures/schema-language/', import.meta.url)
const NAMES = readdirSync(FOLDER).map((file) => path.basename(file, '.prisma'))
/** The schemas that are always compared; the others only with FULL=1. */
const SHORT = ['composite-keys', 'extension', 'partial-indexes', 'several-schemas', 'shop']
const FULL = process.env['FULL'] === '1'
const CHOSEN = FULL ? NAMES : SHORT

const HEAD = 'datasource db {\n  provider = "postgresql"\n}\n\n'

/** The versions of a schema. A version without a datasource gets the default one. */
function versionsOf(name: string): (readonly SchemaFile[])[] {
  const text = readFileSync(new URL(`${name}.prisma`, FOLDER), 'utf8')
  return text.split('// next version\n').map((part) => {
    const content = /^datasource\b/m.test(part) ? part : HEAD + part
    return [{ path: 'prisma/schema.prisma', content }]
  })
}

interface Migration {
  readonly name: string
  readonly sql: string
}

/** The SQL that `create` writes, empty if there is no change; or its failure. */
async function withSlipway(
  files: readonly SchemaFile[],
  history: readonly Migration[],
  shadow: ShadowOptions = SHADOW,
): Promise<Result<string>> {
  const root = writeProject(history)
  const created = await attempt(() =>
    createMigration({
      files,
      migrationsDir: path.join(root, 'prisma', 'migrations'),
      history,
      shadow,
      name: 'next',
      now: new Date('2026-11-21T01:02:03.456Z'),
      noRename: true,
    }),
  )
  rmSync(root, { recursive: true })
  // Migrations that need a superuser run on an embedded shadow database, as the failure suggests.
  if (!created.ok && created.failure.server?.sqlstate === '42501' && !shadow.named)
    return await withSlipway(files, history, { ...shadow, named: 'embedded' })
  if (!created.ok) return created
  return { ok: true, value: created.value.kind === 'written' ? created.value.sql : '' }
}

test('there are 60 schemas, including those of the short run', () => {
  expect(NAMES.length).toBeGreaterThanOrEqual(60)
  expect(NAMES).toEqual(expect.arrayContaining(SHORT))
})

/**
 * The SQL that Prisma writes into the migration. Its WebAssembly engine ignores preview features when it
 * reads a shadow database, and treats extensions and partial indexes as missing. For schemas with these
 * features the oracle is its diff of the database, with the warnings of the migration before it.
 */
async function theirs(files: readonly SchemaFile[], history: readonly Migration[]) {
  const { migration, diff } = await prismaSql(files, history)
  const head = /^\/\*\n[^]*?\*\/\n/.exec(migration)?.[0] ?? ''
  const forgets = files.some(({ content }) =>
    /"(?:postgresqlExtensions|partialIndexes)"/.test(content),
  )
  if (!forgets) expect(migration).toBe(diff === '' ? '' : head + diff)
  return diff === '' ? '' : head + diff
}

/** Whether the server accepts the migrations one by one, as Prisma sends them. */
async function runs(migrations: readonly Migration[]): Promise<boolean> {
  const target = await createTarget()
  try {
    for (const { sql } of migrations) await target.sql(sql)
    return true
  } catch {
    return false
  } finally {
    await target.drop()
  }
}

describe.each(CHOSEN)('%s', (name) => {
  test('is what Prisma writes: from nothing, from the earlier version, and after it', async () => {
    const history: Migration[] = []
    for (const [place, files] of versionsOf(name).entries()) {
      const sql = await theirs(files, history)
      const next = { name: `${place}_next`, sql }
      const created = await withSlipway(files, history)
      // Prisma does not quote some names and writes some types that do not exist. Slipway refuses such a
      // migration.
      if (!created.ok) {
        expect(created.failure.code).toMatch(/^(?:STATEMENTS.SYNTAX|CREATE.SQL_REFUSED)$/)
        return expect(await runs([...history, next])).toBe(false)
      }
      expect(created.value).toBe(sql)
      if (sql !== '') history.push(next)
      // Prisma writes some defaults and types again each time. It cannot apply a migration that uses a new
      // enum value.
      const applies = await runs(history)
      const rest = applies ? await theirs(files, history) : ''
      expect(await withSlipway(files, history)).toEqual({ ok: true, value: rest })
      if (!applies) return undefined
    }
  })
})

/** The SQL that the stock CLI on `slipway engine` writes; undefined if it needs a person's answer first. */
async function byCli(root: string, [file]: readonly SchemaFile[], databaseUrl: string) {
  writeFileSync(path.join(root, 'prisma', 'schema.prisma'), file?.content ?? '')
  const folder = path.join(root, 'prisma', 'migrations')
  const before = readdirSync(folder)
  const args = ['migrate', 'dev', '--create-only', '--name', `after_${before.length}`]
  const { code, stderr } = await prismaCli(args, { cwd: root, databaseUrl })
  if (code !== 0 && stderr.includes('the environment is non-interactive')) return undefined
  expect(code, stderr).toBe(0)
  const made = readdirSync(folder).find((name) => !before.includes(name)) ?? ''
  return readFileSync(path.join(folder, made, 'migration.sql'), 'utf8')
}

describe.each(FULL ? NAMES : ['extension', 'partial-indexes'])('%s', (name) => {
  test('is what the stock CLI writes on slipway engine', async () => {
    const [first = [], second = []] = versionsOf(name)
    const root = writeProject([])
    const target = await createTarget()
    try {
      const sql = await theirs(first, [])
      expect(await byCli(root, first, target.url)).toBe(sql)
      const next = await byCli(root, second, target.url)
      if (next === undefined) return
      const expected = await theirs(second, [{ name: '1_next', sql }])
      expect(next).toBe(expected === '' ? '-- This is an empty migration.' : expected)
    } finally {
      await target.drop()
      rmSync(root, { recursive: true })
    }
  })
})
