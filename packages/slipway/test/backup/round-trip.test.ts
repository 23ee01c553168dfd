import pg from 'pg'
import { afterEach, expect } from 'vitest'
import { testWithPrograms as test } from '../client-programs.ts'
import { corpusMigrations, hasCorpus } from '../corpus.ts'
import { dumpWhole } from '../dump.ts'
import { fillTables } from '../fill-tables.ts'
import { serverUrl } from '../postgres.ts'
import { runSql } from '../run-sql.ts'
import { allObjectKindsSql, settingsSql } from './all-object-kinds.ts'
import { backupProject, type BackupProject } from './backup-project.ts'

// A restored database equals the original, by a pg_dump with rows and by Slipway's own comparison, which must
// not report false differences.

const FULL = process.env['FULL'] === '1'
const PROJECTS = FULL ? ['umami', 'hoppscotch', 'langfuse', 'trigger'] : ['umami']

const MAJOR = Number(process.env['TEST_SERVER_VERSION'])

let project: BackupProject
afterEach(() => project.drop())

test.each(['custom', 'directory', 'plain'])(
  'a database with every kind of object, in the %s format',
  { timeout: 900_000 },
  async (format) => {
    project = await backupProject()
    const { target, create, slipway, another } = project
    const [owner, reader] = [`${target.name}_owner`, `${target.name}_reader`]
    await target.sql(`CREATE ROLE ${owner}; CREATE ROLE ${reader}`)
    const made = [target]
    try {
      await target.sql(allObjectKindsSql({ owner, reader, major: MAJOR }))
      await target.sql(settingsSql(target.name))
      const id = await create(`--dump-format ${format} --jobs 2`)
      // On a private server and on an existing one.
      for (const where of ['', `--server ${serverUrl()}`]) {
        const verified = await slipway(`backup verify ${id} ${where}`)
        expect(verified, verified.output).toMatchObject({ exitCode: 0 })
        expect(verified.result.notCompared).toEqual([])
      }
      for (const jobs of [1, 2]) {
        const empty = await another()
        made.push(empty)
        const restored = await slipway(`backup restore ${id} --jobs ${jobs}`, { url: empty.url })
        expect(restored, restored.output).toMatchObject({ exitCode: 0, findings: [] })
        // pg_dump writes rows by the database's settings.
        await empty.sql(settingsSql(empty.name))
        expect(dumpWhole(empty.url)).toBe(dumpWhole(target.url))
      }
      const filled = await another()
      made.push(filled)
      await filled.sql(`CREATE TABLE own (id int)`)
      await filled.sql(settingsSql(filled.name))
      const settings = `SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = current_database()`
      const before = await filled.sql(settings)
      const line = `backup restore ${id} --drop-old --confirm ${filled.name}`
      const restored = await slipway(line, { url: filled.url })
      expect(restored, restored.output).toMatchObject({ exitCode: 0, findings: [] })
      expect(dumpWhole(filled.url)).toBe(dumpWhole(target.url))
      expect(await filled.sql(settings)).toEqual(before)
    } finally {
      for (const one of made) await one.drop()
      await runSql(serverUrl(), `DROP ROLE ${owner}; DROP ROLE ${reader}`)
    }
  },
)

const ifCorpus = hasCorpus ? test : test.skip
ifCorpus.each(PROJECTS)(
  '%s, with rows and concurrent writes',
  { timeout: 1_800_000 },
  async (name) => {
    project = await backupProject('{}', { migrations: corpusMigrations(name) })
    const { target, create, slipway, another } = project
    const deployed = await slipway(`deploy --confirm ${target.name}`)
    expect(deployed.exitCode, deployed.output.slice(0, 3000)).toBe(0)
    await fillTables(target.url, { filled: new Map(), sought: new Map() })
    await target.sql(`CREATE SCHEMA beside; CREATE TABLE beside.load (id bigserial PRIMARY KEY, note text, at timestamptz DEFAULT now());
    INSERT INTO beside.load (note) SELECT md5(n::text) FROM generate_series(1, 20000) n`)
    const load = await startLoad(target.url)
    try {
      const id = await create()
      const written = load.written()
      const verified = await slipway(`backup verify ${id} --server ${serverUrl()}`)
      expect(verified, verified.output).toMatchObject({ exitCode: 0 })
      expect(verified.result.compared).toEqual(
        expect.arrayContaining(['schema', 'rows', 'sequences']),
      )
      const empty = await another()
      const restored = await slipway(`backup restore ${id}`, { url: empty.url })
      expect(restored, restored.output).toMatchObject({ exitCode: 0, findings: [] })
      // The concurrent writer was not blocked, and everything else is equal.
      expect(written).toBeGreaterThan(10)
      const others = ['--exclude-table-data=beside.load', '--exclude-table-data=beside.load_id_seq']
      expect(dumpWhole(empty.url, others)).toBe(dumpWhole(target.url, others))
      const status = await slipway('status', { url: empty.url })
      expect(status, status.output).toMatchObject({ exitCode: 0 })
    } finally {
      await load.stop()
    }
  },
)

interface Load {
  /** Number of committed transactions. */
  written(): number
  stop(): Promise<void>
}

/** Inserts, updates and deletes without pause. */
async function startLoad(url: string): Promise<Load> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let written = 0
  const stopped = new AbortController()
  const writing = (async () => {
    while (!stopped.signal.aborted) {
      await client.query(`INSERT INTO beside.load (note) SELECT 'new' FROM generate_series(1, 10);
        UPDATE beside.load SET note = note || '.' WHERE id % 997 = ${written % 997};
        DELETE FROM beside.load WHERE id = ${written + 1}`)
      written += 1
    }
  })()
  return {
    written: () => written,
    async stop() {
      stopped.abort()
      await writing
      await client.end()
    },
  }
}
