import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { withSession } from '../src/database/index.ts'
import { fillSqliteTables } from '../src/shadow/index.ts'
import { runCli } from './cli-in-process.ts'
import { prismaCli } from './prisma.ts'
import { sqliteCorpus } from './sqlite-corpus.ts'
import { readSqliteState, rowDifferences } from './sqlite-state.ts'
import { addProject, localDatabase, localState, wrangler, writeWorker } from './wrangler.ts'

// A real SQLite history on wrangler's local D1 and on a file: the generated rows that wrangler loses, those
// that a deploy loses, and those that a rollback restores. The schemas are equal, and wrangler and the Prisma
// CLI agree on the history.

const FULL = process.env['FULL'] === '1'
const SHOP = { name: 'shop', id: 'c'.repeat(32) }
/** wrangler identifies migrations by numbers. */
const NUMBERED = sqliteCorpus.map(({ name, sql }, at) => {
  return { name: `${String(at + 1).padStart(4, '0')}_${name.replace(/^\d+_/, '')}`, sql }
})

let root = ''
afterEach(() => rmSync(root, { recursive: true, force: true }))

const stateFolder = () => localState(root)
const databaseFile = () => localDatabase(root)

function makeWorker(): void {
  root = writeWorker(SHOP)
  addProject(root)
}

function addMigration({ name, sql }: (typeof NUMBERED)[number]): void {
  writeFileSync(path.join(root, 'migrations', `${name}.sql`), sql)
}

async function slipway(command: string): Promise<string | undefined> {
  const words = [...command.split(' '), '--json', '--no-interactive']
  const { stdout } = await runCli(words, { cwd: root })
  const { failure } = JSON.parse(stdout) as { failure: { code: string; message: string } | null }
  return failure === null ? undefined : `${failure.code}: ${failure.message}`
}

/** Copies the state of the local database to or from another folder. */
function copyState(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
}

function countsOf(file: string): Map<string, number> {
  return new Map(
    Object.entries(readSqliteState(file).rows).map(([table, rows]) => [table, rows.length]),
  )
}

test.skipIf(NUMBERED.length === 0)(
  'each migration of the corpus, on rows: applied by wrangler, then deployed, rolled back and deployed again',
  async () => {
    makeWorker()
    const lines: string[] = []
    const found = { migrations: 0, wranglerLoses: 0, wranglerFails: 0, weLose: 0, weRefuse: 0 }
    const back = { exactly: 0, differs: 0, refused: 0, again: 0 }
    for (const [at, migration] of NUMBERED.entries()) {
      addMigration(migration)
      if (at === 0 || (!FULL && at % 20 !== 3)) {
        expect(await slipway('deploy --local')).toBeUndefined()
        continue
      }
      found.migrations += 1
      const [bare, filled] = [path.join(root, 'bare'), path.join(root, 'filled')]
      copyState(stateFolder(), bare)
      await withSession({ kind: 'sqlite', file: databaseFile() }, {}, (session) =>
        fillSqliteTables(session, { style: 'plain' }),
      )
      copyState(stateFolder(), filled)
      const before = readSqliteState(databaseFile())
      const rows = countsOf(databaseFile())

      const applied = await wrangler(['d1', 'migrations', 'apply', 'DB', '--local'], { cwd: root })
      const lostIn = (after: ReadonlyMap<string, number>) =>
        [...rows].filter(([table, count]) => (after.get(table) ?? count) < count)
      const theirs = applied.code === 0 ? lostIn(countsOf(databaseFile())) : []
      if (applied.code !== 0) found.wranglerFails += 1
      if (theirs.length > 0) found.wranglerLoses += 1

      copyState(filled, stateFolder())
      const refused = await slipway('deploy --local')
      const lostHere = lostIn(countsOf(databaseFile()))
      if (refused !== undefined) found.weRefuse += 1
      if (lostHere.length > 0) found.weLose += 1
      const loss = lostHere.map(([table]) => table).join(', ')
      if (lostHere.length > 0 && !migration.sql.includes('DELETE FROM'))
        lines.push(`${migration.name}: a deploy loses rows of ${loss}`)

      if (refused === undefined) {
        const rolled = await slipway('rollback --local')
        const after = readSqliteState(databaseFile())
        const differs = rowDifferences(before, after)
        if (rolled !== undefined) back.refused += 1
        else if (differs.length === 0) back.exactly += 1
        else back.differs += 1
        if (rolled !== undefined || differs.length > 0)
          process.stderr.write(`${migration.name}: ${rolled ?? differs.join(', ')}\n`)
        if ((await slipway('deploy --local')) === undefined) back.again += 1
      } else process.stderr.write(`${migration.name}: ${refused}\n`)
      copyState(bare, stateFolder())
      expect(await slipway('deploy --local')).toBeUndefined()
    }
    process.stderr.write(`${JSON.stringify(found)}\nrolled back: ${JSON.stringify(back)}\n`)
    expect(lines).toEqual([])
    expect(back.again).toBe(found.migrations - found.weRefuse)

    const listed = await wrangler(['d1', 'migrations', 'list', 'DB', '--local'], { cwd: root })
    expect(listed.stdout).toContain('No migrations to apply')
    await expectSameOnFile(databaseFile())
  },
  3_600_000,
)

/** On a file, the same history gives an equal schema, and the Prisma CLI finds nothing to do. */
async function expectSameOnFile(d1File: string): Promise<void> {
  const schema = schemaOf(d1File)
  rmSync(path.join(root, 'wrangler.jsonc'))
  rmSync(path.join(root, 'migrations'), { recursive: true })
  for (const { name, sql } of sqliteCorpus) {
    const folder = path.join(root, 'prisma/migrations', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'migration.sql'), sql)
  }
  writeFileSync(path.join(root, 'prisma/migrations/migration_lock.toml'), 'provider = "sqlite"\n')
  writeFileSync(path.join(root, 'package.json'), '{ "name": "shop", "type": "module" }\n')
  writeFileSync(
    path.join(root, 'prisma.config.ts'),
    "export default { schema: 'prisma/schema.prisma', datasource: { url: 'file:./dev.db' } }\n",
  )
  expect(await slipway('deploy')).toBeUndefined()
  expect(schemaOf(path.join(root, 'dev.db'))).toEqual(schema)
  const status = await prismaCli(['migrate', 'status'], { cwd: root })
  expect(status.stdout + status.stderr).toContain('Database schema is up to date')
}

/** Names and definitions of the project's objects. */
function schemaOf(file: string): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database
      .prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name')
      .all()
    return rows
      .filter(({ name }) => !/^(?:_|sqlite_|d1_migrations)/.test(String(name)))
      .map((row) => ({ ...row }))
  } finally {
    database.close()
  }
}
