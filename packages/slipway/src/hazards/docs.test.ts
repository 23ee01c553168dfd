import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test/postgres.ts'
import { loadParser, parseStatements, transactionGroupsOf } from '../statements/index.ts'
import {
  acceptanceHazards,
  judge,
  type Hazard,
  type JudgedMigration,
  observedHazards,
  rules as allRules,
} from './index.ts'
import { rules } from './rules.ts'

// The docs pages are the tests: their claims about locks and rewrites are compared with a real server.

const FOLDER = new URL('../../../../docs/hazards/', import.meta.url)
const known = [...rules, ...acceptanceHazards]
// check/observed.test.ts runs the pages of these hazards.
const listed = [...known, ...observedHazards]

interface Page {
  readonly id: string
  readonly insteadOf: string
  readonly use: string
  readonly setup: string
  /** The SQLSTATE with which "Instead of" fails. There is then no lock to observe. */
  readonly fails?: string
  /** The server version of the page, if it is not the newest. */
  readonly server?: string
  /** The relation whose lock is claimed, if the hazard names another object. */
  readonly locks?: string
  /** "Instead of" empties the relation, which gives it another file without a rewrite. */
  readonly empties?: string
}

function readPage(id: string): Page {
  const text = readFileSync(new URL(`${id}.md`, FOLDER), 'utf8')
  const sql = (heading: string) =>
    new RegExp(`## ${heading}\n\n\`\`\`sql\n(.*?)\n\`\`\``, 's').exec(text)?.[1] ?? ''
  const comments = text.matchAll(/^<!-- (\w+):\s(.*?)\s?-->$/gms)
  const directives = Object.fromEntries([...comments].map(([, key = '', value]) => [key, value]))
  return { id, insteadOf: sql('Instead of'), use: sql('Use'), setup: '', ...directives }
}

const pages = known.map(({ id }) => readPage(id))

let database: TestDatabase
beforeAll(async () => {
  await loadParser()
  database = await createDatabase()
})
afterAll(() => database.drop())

test('each hazard has a page, and no two have the same id', () => {
  const files = readdirSync(FOLDER).filter((file) => file !== 'README.md')
  const all = [...allRules, ...acceptanceHazards, ...observedHazards]
  expect(files.toSorted()).toEqual(all.map(({ id }) => `${id}.md`).toSorted())
})

test('each PostgreSQL hazard page has the headings, and the list names all hazards', () => {
  const list = readFileSync(new URL('README.md', FOLDER), 'utf8')
  for (const { id, title } of listed) {
    const text = readFileSync(new URL(`${id}.md`, FOLDER), 'utf8')
    expect([...text.matchAll(/^#.*/gm)].map(([heading]) => heading)).toEqual([
      `# ${title}`,
      '## Problem',
      '## Instead of',
      '## Use',
      '## Lock and duration',
      '## Source',
    ])
    expect(text).toMatch(/\]\(https:\/\/www\.postgresql\.org\/docs\//)
    expect(list).toContain(`| [${id}](${id}.md) | ${title} |`)
  }
})

function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}/migration.sql`, sql, statements: parseStatements(sql) }
}

function hazardsOf({ id, setup, server }: Page, sql: string): Hazard[] {
  const facts = { serverVersion: Number(server ?? 180_000), defaultSchema: 'public' }
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

/** Runs something on a database that holds the page's schema and rows. */
async function withPage<T>(page: Page, run: (client: pg.Client) => Promise<T>): Promise<T> {
  return await connected(async (client) => {
    await client.query('DROP SCHEMA IF EXISTS public, shop, store CASCADE; CREATE SCHEMA public')
    await runAll(client, page.setup)
    return await run(client)
  })
}

async function connected<T>(run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return await run(client)
  } finally {
    await client.end()
  }
}

async function runAll(client: pg.Client, sql: string): Promise<void> {
  for (const group of transactionGroupsOf(sql, parseStatements(sql))) await client.query(group.sql)
}

test.each(pages)('$id: "Use" and the safe form run', async (page) => {
  const safe = hazardsOf(page, page.insteadOf).flatMap(({ safeSql }) => safeSql ?? [])
  for (const sql of [page.use, ...safe]) {
    const needs14 = /\bDETACH PARTITION .* CONCURRENTLY\b/.test(sql)
    if (needs14 && Number(process.env['TEST_SERVER_VERSION']) < 14) continue
    await expect(withPage(page, (client) => runAll(client, sql))).resolves.toBeUndefined()
  }
})

const failing = pages.filter((page): page is Page & { fails: string } => page.fails !== undefined)

test.each(failing)('$id: "Instead of" fails with $fails', async (page) => {
  await withPage(page, async (client) => {
    await expect(client.query(page.insteadOf)).rejects.toMatchObject({ code: page.fails })
  })
})

/** The strongest lock on a relation, and its file before and after. */
interface Observed {
  readonly lock: string | undefined
  readonly rewritten: boolean
}

const LOCKS = `SELECT upper(regexp_replace(regexp_replace(mode, 'Lock$', ''), '(?<=[a-z])(?=[A-Z])', ' ', 'g')) AS mode
  FROM pg_locks WHERE pid = $1 AND relation = $2::regclass`

const ORDER = [
  'ACCESS EXCLUSIVE',
  'EXCLUSIVE',
  'SHARE ROW EXCLUSIVE',
  'SHARE',
  'SHARE UPDATE EXCLUSIVE',
  'ROW EXCLUSIVE',
  'ROW SHARE',
  'ACCESS SHARE',
]

async function relationNode(client: pg.Client, oid: number): Promise<unknown> {
  const { rows } = await client.query<{ node: number }>(
    'SELECT relfilenode AS node FROM pg_class WHERE oid = $1',
    [oid],
  )
  return rows[0]?.node
}

async function observe(client: pg.Client, sql: string, relation: string): Promise<Observed> {
  const { rows } = await client.query<{ oid: number; pid: number }>(
    'SELECT $1::regclass::oid AS oid, pg_backend_pid() AS pid',
    [relation],
  )
  const { oid = 0, pid = 0 } = rows[0] ?? {}
  const before = await relationNode(client, oid)
  const alone = parseStatements(sql).some(({ role }) => role.kind === 'alone')
  const lock = alone
    ? await lockAskedFor(client, { sql, oid, pid })
    : await lockHeld(client, { sql, oid, pid })
  const after = await relationNode(client, oid)
  if (!alone) await client.query('ROLLBACK')
  return { lock, rewritten: after !== undefined && after !== before }
}

interface Asked {
  readonly sql: string
  readonly oid: number
  readonly pid: number
}

async function lockHeld(client: pg.Client, { sql, oid, pid }: Asked): Promise<string | undefined> {
  await client.query('BEGIN')
  await client.query(sql)
  return await strongestLock(client, { oid, pid })
}

/**
 * Makes a statement that cannot run in a transaction wait for a reader, which
 * shows the lock that it requests.
 */
async function lockAskedFor(
  client: pg.Client,
  { sql, oid, pid }: Asked,
): Promise<string | undefined> {
  return await connected(async (reader) => {
    await reader.query(`BEGIN; LOCK TABLE ${await nameOf(reader, oid)} IN ACCESS SHARE MODE`)
    const done = client.query(sql)
    let lock: string | undefined
    // VACUUM first looks up its table under a short ACCESS SHARE lock.
    while (lock === undefined || lock === 'ACCESS SHARE') {
      lock = await strongestLock(reader, { oid, pid })
    }
    await reader.query('COMMIT')
    await done
    return lock
  })
}

async function nameOf(client: pg.Client, oid: number): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT $1::regclass::text AS name', [oid])
  return rows[0]?.name ?? ''
}

async function strongestLock(
  client: pg.Client,
  { oid, pid }: { readonly oid: number; readonly pid: number },
): Promise<string | undefined> {
  const { rows } = await client.query<{ mode: string }>(LOCKS, [pid, oid])
  return ORDER.find((mode) => rows.some((row) => row.mode === mode))
}

/** The relation of a hazard's object; for a column, its table. */
function relationOf({ locks }: Page, { object }: Hazard): string {
  if (locks !== undefined || object === undefined || !('schema' in object)) return locks ?? ''
  const parts = [object.schema ?? 'public', 'table' in object ? object.table : object.name]
  return parts.map((part) => `"${part}"`).join('.')
}

const locking = pages.filter((page) => page.fails === undefined)

test.each(locking)(
  '$id: takes the lock and does the rewrite that the page claims',
  async (page) => {
    const [hazard] = hazardsOf(page, page.insteadOf)
    if (hazard?.lock === undefined) return expect(hazard?.rewrites).toBeUndefined()
    const seen = await withPage(page, (client) =>
      observe(client, page.insteadOf, relationOf(page, hazard)),
    )
    expect(seen).toEqual({
      lock: hazard.lock,
      rewritten: hazard.rewrites === true || page.empties === 'yes',
    })
  },
)
