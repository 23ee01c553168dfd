import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getPlatformProxy } from 'wrangler'
import { writeWorker } from '../../../test/wrangler.ts'
import { parserFor, sqliteDetail, type StatementParser } from '../../statements/index.ts'
import { type Facts, type Hazard, judge, type JudgedMigration } from '../index.ts'
import { isQuiet, setting } from './migration-run.ts'
import { sqliteRules } from './rules.ts'

// The docs pages are the tests: what they claim about SQLite and D1 is compared with the real behavior.

const FOLDER = new URL('../../../../../docs/hazards/', import.meta.url)

interface Page {
  readonly id: string
  readonly insteadOf: string
  readonly use: string
  readonly setup: string
  /** Part of the message with which "Instead of" fails in a deploy to a SQLite file; absent if it runs. */
  readonly fails?: string
  /** The same for wrangler on its local D1. */
  readonly d1Fails?: string
  /** Set if the target is a D1 database. */
  readonly target?: 'remote'
  /** The number of characters that replace LONG in "Instead of". */
  readonly long?: string
  /** Set if the safe form is incomplete: it runs only after the steps that the page describes. */
  readonly unsafe?: string
  /** Queries with their results, one per line: `SELECT 1 => 1`. Lines without a result are only run. */
  readonly afterInstead?: string
  readonly afterUse?: string
  readonly d1AfterInstead?: string
  readonly d1AfterUse?: string
}

function readPage(id: string): Page {
  const text = readFileSync(new URL(`${id}.md`, FOLDER), 'utf8')
  const sql = (heading: string) =>
    new RegExp(`## ${heading}\n\n\`\`\`sql\n(.*?)\n\`\`\``, 's').exec(text)?.[1] ?? ''
  const comments = text.matchAll(/^<!-- ([\w-]+):\s(.*?)\s?-->$/gms)
  const directives = [...comments].map(([, key = '', value]) => [
    key.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  const page = { id, use: sql('Use'), setup: '', ...Object.fromEntries(directives) } as Page
  const insteadOf = sql('Instead of').replaceAll('LONG', 'x'.repeat(Number(page.long ?? 0)))
  return { ...page, insteadOf }
}

const pages = sqliteRules.map(({ id }) => readPage(id))

let parser: StatementParser
beforeAll(async () => {
  parser = await parserFor('sqlite')
})

test('each SQLite rule has a page with the headings, and the list names it', () => {
  const list = readFileSync(new URL('README.md', FOLDER), 'utf8')
  const files = readdirSync(FOLDER)
  for (const { id, title } of sqliteRules) {
    expect(files).toContain(`${id}.md`)
    const text = readFileSync(new URL(`${id}.md`, FOLDER), 'utf8')
    expect([...text.matchAll(/^#.*/gm)].map(([heading]) => heading)).toEqual([
      `# ${title}`,
      '## Problem',
      '## Instead of',
      '## Use',
      '## Effect',
      '## Source',
    ])
    expect(text).toMatch(
      /\]\(https:\/\/(?:www\.sqlite\.org\/\w+\.html|developers\.cloudflare\.com\/d1\/)/,
    )
    expect(list).toContain(`| [${id}](${id}.md) | ${title} |`)
  }
})

function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}/migration.sql`, sql, statements: parser.parse(sql) }
}

function hazardsOf({ id, setup, target }: Page, sql: string): Hazard[] {
  const facts: Facts = {
    serverVersion: 3_053_000,
    defaultSchema: 'main',
    dialect: 'sqlite',
    ...(target ? { d1: target } : {}),
  }
  const history = [migrationOf('setup', setup)]
  return judge({ history, migrations: [migrationOf('page', sql)], facts }).filter(
    (hazard) => hazard.id === id,
  )
}

test.each(pages)('$id: found in "Instead of", but not in "Use" or the safe form', (page) => {
  const found = hazardsOf(page, page.insteadOf)
  expect(found).toHaveLength(1)
  expect(hazardsOf(page, page.use)).toEqual([])
  expect(found.flatMap(({ safeSql }) => hazardsOf(page, safeSql ?? ''))).toEqual([])
})

test.each(pages)(
  '$id: is not found on a target without rows, unless the page says why it matters',
  (page) => {
    const tables = new Map(
      [...page.setup.matchAll(/CREATE (?:VIRTUAL )?TABLE (\w+)/g)].map(([, name = '']) => [
        JSON.stringify({ kind: 'table', schema: null, name }),
        { rows: 0, bytes: 0 },
      ]),
    )
    const facts: Facts = { serverVersion: 0, defaultSchema: 'main', dialect: 'sqlite', tables }
    const history = [migrationOf('setup', page.setup)]
    const migrations = [migrationOf('page', page.insteadOf)]
    const empty = judge({ history, migrations, facts }).filter(({ id }) => id === page.id)
    const isAboutRows = page.fails !== undefined && empty.length > 0
    if (!isAboutRows) return
    // It also fails without any row.
    const sql = page.setup.replaceAll(/INSERT INTO.*?;/gs, '')
    expect(() => deployed(sql, page.insteadOf)).toThrow(page.fails)
  },
)

/**
 * A database after a file ran as a deploy runs it: in one transaction, with
 * foreign keys as the file sets them.
 */
function deployed(setup: string, sql: string): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec('PRAGMA foreign_keys = ON')
  database.exec(setup)
  const statements = parser.parse(sql)
  const keys = statements.reduce(
    ({ on, enforced }, statement) => {
      const detail = sqliteDetail(statement)
      const next = setting('foreign_keys', detail) ?? on
      return { on: next, enforced: enforced && (next || isQuiet(detail)) }
    },
    { on: true, enforced: true },
  )
  database.exec(`PRAGMA foreign_keys = ${keys.enforced ? 'ON' : 'OFF'}`)
  database.exec('BEGIN')
  for (const statement of statements) {
    if (sqliteDetail(statement).kind !== 'transaction') database.exec(statement.text)
  }
  database.exec('COMMIT; PRAGMA foreign_keys = ON')
  return database
}

interface Asked {
  readonly sql: string
  readonly value?: unknown
}

function askedBy(lines: string | undefined): Asked[] {
  return (lines ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [sql = '', value] = line.split(' => ')
      return value === undefined ? { sql } : { sql, value: JSON.parse(value) as unknown }
    })
}

function expectAfter(database: DatabaseSync, lines: string | undefined): void {
  for (const { sql, value } of askedBy(lines)) {
    if (value === undefined) database.exec(sql)
    else expect(Object.values(database.prepare(sql).get() ?? {})[0], sql).toEqual(value)
  }
}

test.each(pages)('$id: "Instead of" does on a file what the page says', (page) => {
  if (page.fails !== undefined) {
    expect(() => deployed(page.setup, page.insteadOf)).toThrow(page.fails)
    return
  }
  expectAfter(deployed(page.setup, page.insteadOf), page.afterInstead)
})

test.each(pages)('$id: "Use" and the safe form run on a file', (page) => {
  expectAfter(deployed(page.setup, page.use), page.afterUse)
  for (const { safeSql } of page.unsafe ? [] : hazardsOf(page, page.insteadOf)) {
    expect(() => deployed(page.setup, safeSql ?? '')).not.toThrow()
  }
})

interface D1Statement {
  all(): Promise<{ readonly results: readonly Record<string, unknown>[] }>
}

interface D1 {
  prepare(sql: string): D1Statement
  batch(statements: readonly D1Statement[]): Promise<unknown>
}

let d1: D1
let dispose: () => Promise<void>
beforeAll(async () => {
  const root = writeWorker({ name: 'pages', id: '00000000-0000-4000-8000-000000000002' })
  const configPath = path.join(root, 'wrangler.jsonc')
  const proxy = await getPlatformProxy<{ DB: D1 }>({ configPath, persist: false })
  d1 = proxy.env.DB
  dispose = proxy.dispose
})
afterAll(() => dispose())

/** Runs a file as `wrangler d1 migrations apply` does: as one batch with foreign keys enforced. */
async function migrated(setup: string, sql: string): Promise<void> {
  await emptied()
  await d1.batch(textsOf(setup))
  const texts = textsOf(sql)
  if (texts.length > 0) await d1.batch(texts)
}

function textsOf(sql: string): D1Statement[] {
  return parser.parse(sql).map(({ text }) => d1.prepare(text))
}

async function emptied(): Promise<void> {
  const { results } = await d1
    .prepare(
      `SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'
       AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'search_*' ORDER BY type DESC, rowid DESC`,
    )
    .all()
  for (const { type, name } of results) {
    await d1.prepare(`DROP ${String(type)} "${String(name)}"`).all()
  }
}

const onD1 = pages.filter(
  (one) => one.d1Fails ?? one.d1AfterInstead ?? one.d1AfterUse ?? one.target,
)

test.each(onD1)('$id: the page is also right for wrangler on D1', async (page) => {
  const refused = page.d1Fails
  if (refused !== undefined) {
    await expect(migrated(page.setup, page.insteadOf)).rejects.toThrow(refused)
  } else await migrated(page.setup, page.insteadOf)
  for (const [sql, lines] of [
    [page.insteadOf, page.d1AfterInstead],
    [page.use, page.d1AfterUse ?? ''],
  ] as const) {
    if (lines === undefined) continue
    await migrated(page.setup, sql)
    for (const asked of askedBy(lines)) {
      const { results } = await d1.prepare(asked.sql).all()
      if (asked.value !== undefined) expect(Object.values(results[0] ?? {})[0]).toEqual(asked.value)
    }
  }
})
