import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { type Command, measure, type Measurement } from '../measure.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import type { BenchServer } from '../server.ts'

/** The runs of one way to back up or to restore. */
export interface BackupRuns {
  readonly name: string
  readonly samples: readonly Measurement[]
}

export interface BackupRun {
  readonly server: BenchServer
  readonly rows: number
  readonly rounds: number
  readonly folder: string
  readonly onRun: (line: string) => void
}

/** What was measured, and the size of the database in bytes. */
export interface BackupFigures {
  readonly runs: readonly BackupRuns[]
  readonly bytes: number
}

const LIMIT_MS = 900_000

/** Carriers and their loads: typical application data of numbers, short texts, dates and JSON. */
const fillSql = (rows: number) => `
  CREATE TABLE carrier (id serial PRIMARY KEY, name text NOT NULL, city text, rating numeric(4,2), active boolean,
    created timestamptz DEFAULT now(), meta jsonb);
  INSERT INTO carrier (name, city, rating, active, meta)
    SELECT 'Carrier ' || md5(i::text), md5((i % 5000)::text), (i % 1000) / 100.0, i % 3 = 0,
      jsonb_build_object('a', i % 77, 'note', md5((i / 7)::text)) FROM generate_series(1, ${rows} / 3) AS i;
  CREATE TABLE load (id bigserial PRIMARY KEY, carrier_id integer REFERENCES carrier, origin text, weight float8,
    picked timestamptz, status text, notes text);
  INSERT INTO load (carrier_id, origin, weight, picked, status, notes)
    SELECT 1 + i % (${rows} / 3), md5((i % 30000)::text), random() * 1000, now() - i * interval '1 min',
      (ARRAY['open', 'done', 'late'])[1 + i % 3], repeat(md5(i::text), 3) FROM generate_series(1, ${rows} - ${rows} / 3) AS i;
  CREATE INDEX ON load (carrier_id);`

/** Measures Slipway's backups and restores and PostgreSQL's own programs, in turn. */
export async function measureBackups(run: BackupRun): Promise<BackupFigures> {
  const url = await run.server.createDatabase()
  const bytes = await fill(url, run.rows)
  const project = makeProject(run.folder)
  const runs = casesOf(url, project, run).map((one) => ({ ...one, samples: [] as Measurement[] }))
  try {
    for (let round = 0; round < run.rounds; round++) {
      for (const { name, prepare, command, samples } of runs) {
        const target = await prepare?.()
        const result = await measure(command(target ?? url), LIMIT_MS)
        if (!result.ok) throw new Error(`${name}: ${result.reason}`)
        run.onRun(`${name}: ${result.measurement.wallMs.toFixed(0)} ms`)
        samples.push(result.measurement)
        if (target !== undefined) await run.server.dropDatabase(target)
      }
    }
  } finally {
    await run.server.dropDatabase(url)
  }
  return { runs: runs.map(({ name, samples }) => ({ name, samples })), bytes }
}

async function fill(url: string, rows: number): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(fillSql(rows))
    await client.query('VACUUM ANALYZE')
    const { rows: found } = await client.query<{ bytes: string }>(
      'SELECT pg_database_size(current_database()) AS bytes',
    )
    return Number(found[0]?.bytes)
  } finally {
    await client.end()
  }
}

interface Project {
  readonly plain: string
  readonly encrypted: string
  /** The key file. */
  readonly identity: string
}

function makeProject(folder: string): Project {
  const identity = path.join(folder, 'key.txt')
  rmSync(identity, { force: true })
  execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' })
  const recipient = /public key: (\S+)/.exec(readFileSync(identity, 'utf8'))?.[1]
  const make = (name: string, backup: object) => {
    const root = path.join(folder, name)
    mkdirSync(path.join(root, 'prisma', 'migrations'), { recursive: true })
    writeFileSync(
      path.join(root, 'prisma', 'schema.prisma'),
      'datasource db {\n  provider = "postgresql"\n}\n',
    )
    writeFileSync(
      path.join(root, 'slipway.config.mjs'),
      `export default ${JSON.stringify({ backup })}\n`,
    )
    return root
  }
  return {
    plain: make('plain', {}),
    encrypted: make('encrypted', { encryption: { recipients: [recipient] } }),
    identity,
  }
}

interface Case {
  readonly name: string
  /** Prepares the database for the command; not included in the time. */
  readonly prepare?: () => Promise<string>
  readonly command: (url: string) => Command
}

function casesOf(url: string, { plain, encrypted, identity }: Project, run: BackupRun): Case[] {
  const dump = path.join(run.folder, 'bare.dump')
  const shell = (text: string): Command => ({
    program: 'sh',
    args: ['-c', text],
    cwd: run.folder,
    env: {},
  })
  const empty = () => run.server.createDatabase()
  const backup = (root: string, ...args: readonly string[]) =>
    slipwayCommand(root, ['backup', ...args])
  return [
    { name: 'pg_dump -Fc', command: () => shell(`pg_dump -Fc '${url}' > ${dump}.gz`) },
    {
      name: 'pg_dump -Fc -Z0 and zstd -3',
      command: () => shell(`pg_dump -Fc -Z0 '${url}' | zstd -3 -q -f -o ${dump}.zst`),
    },
    {
      name: 'backup create, without checksums',
      command: () => backup(plain, 'create', '--no-checksums', '--url', url),
    },
    { name: 'backup create', command: () => backup(plain, 'create', '--url', url) },
    {
      name: 'backup create, encrypted, without checksums',
      command: () => backup(encrypted, 'create', '--no-checksums', '--url', url),
    },
    {
      name: 'pg_restore',
      prepare: empty,
      command: (target) => shell(`pg_restore -d '${target}' ${dump}.gz`),
    },
    {
      name: 'pg_restore of zstd',
      prepare: empty,
      command: (target) => shell(`zstd -dcq ${dump}.zst | pg_restore -d '${target}'`),
    },
    {
      name: 'backup restore',
      prepare: empty,
      command: (target) => backup(plain, 'restore', '--url', target),
    },
    { name: 'backup verify', command: () => backup(plain, 'verify', '--url', url) },
    {
      name: 'backup verify --quick, encrypted',
      command: () => backup(encrypted, 'verify', '--quick', '--identity', identity, '--url', url),
    },
  ]
}
