import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, expect } from 'vitest'
import { testWithPrograms as test } from '../client-programs.ts'
import { dumpWhole } from '../dump.ts'
import {
  backupProject,
  type BackupProject,
  databasesLike,
  PASSPHRASE,
  urlOf,
} from './backup-project.ts'

// After a SIGKILL at any moment no incomplete backup is listed, no complete one is lost, no readable data of an
// encrypted one is left behind, and the next run removes the leftovers.

const FULL = process.env['FULL'] === '1'
const POINTS = FULL ? 200 : 4
const LONG = { skip: process.platform !== 'linux', timeout: 3_600_000 }
const SECRET = 'a secret that must not be readable'
const PROGRAM = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url))

let project: BackupProject
let temporary: string
afterEach(async () => {
  await project.drop()
  rmSync(temporary, { recursive: true, force: true })
})

async function shop(settings: string): Promise<BackupProject> {
  temporary = mkdtempSync(path.join(tmpdir(), 'crash-'))
  project = await backupProject(settings)
  project.env['SLIPWAY_BACKUP_PASSPHRASE'] = PASSPHRASE
  await project.target.sql(`CREATE TABLE note (id int PRIMARY KEY, text text);
    INSERT INTO note SELECT n, '${SECRET}' || md5(n::text) FROM generate_series(1, 60000) n`)
  return project
}

/** The process that receives the signal: Slipway's, or a program that it started. */
type Victim = 'slipway' | 'pg_dump' | 'pg_restore' | 'zstd'

interface Killed {
  readonly wasKilled: boolean
  readonly ms: number
}

/** Runs a command line in a separate process, and kills it or its child after `ms`. */
async function killAfter(ms: number, victim: Victim, args: readonly string[]): Promise<Killed> {
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [PROGRAM, ...args, '--env', 'production', '--no-interactive'],
    {
      cwd: project.root,
      env: { ...process.env, ...project.env, TMPDIR: temporary, NO_COLOR: '1' },
      stdio: 'ignore',
    },
  )
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let wasKilled = false
  await Promise.race([ended, sleep(ms)])
  if (child.exitCode === null) {
    const pid = victim === 'slipway' ? child.pid : childOf(child.pid, victim)
    if (pid !== undefined) {
      try {
        process.kill(pid, 'SIGKILL')
        wasKilled = true
      } catch {
        // The process has already ended.
      }
    }
  }
  await ended
  return { wasKilled, ms: performance.now() - began }
}

/** The process id of a program started by the process `parent`. */
function childOf(parent: number | undefined, program: string): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const [, , , ppid] =
        /^\d+ \((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      if (Number(ppid) === parent && line.some((word) => path.basename(word) === program))
        return Number(name)
    } catch {
      // The process has already ended.
    }
  }
  return undefined
}

/** Files under a folder that contain a text. */
function filesWith(text: string, folder: string): string[] {
  try {
    return execFileSync('grep', ['-rlaF', text, folder], { encoding: 'utf8' }).trim().split('\n')
  } catch {
    return []
  }
}

/** The time of a point, in ms: the points are spread over the duration of a whole run. */
const timeOf = (point: number, whole: number) => Math.round((whole * (point + 0.5)) / POINTS)

test(`backup create, killed at ${POINTS} points`, LONG, async () => {
  const { slipway, create, files, store } = await shop(`{ encryption: 'passphrase' }`)
  const good = [await create()]
  const { ms: whole } = await killAfter(60_000, 'slipway', ['backup', 'create'])
  const victims: readonly Victim[] = ['slipway', 'slipway', 'pg_dump', 'slipway', 'zstd']
  let kills = 0
  const seen = new Set((await slipway('backup list')).result.backups.map(({ id }) => id))
  for (let point = 0; point < POINTS; point++) {
    const victim = victims[point % victims.length] ?? 'slipway'
    const killed = await killAfter(timeOf(point, whole), victim, ['backup', 'create', '--globals'])
    if (killed.wasKilled) kills += 1
    const { backups, unusable } = (await slipway('backup list')).result
    expect(unusable, `point ${point}`).toEqual([])
    const now = backups.map(({ id }) => id)
    // No earlier backup is lost.
    for (const id of seen) expect(now, `point ${point}`).toContain(id)
    for (const id of now) {
      if (seen.has(id)) continue
      seen.add(id)
      expect(await slipway(`backup verify ${id} --quick`)).toMatchObject({ exitCode: 0 })
    }
    expect(filesWith(SECRET, store), `point ${point}`).toEqual([])
    expect(filesWith(SECRET, temporary), `point ${point}`).toEqual([])
  }
  // How many points are reached in time depends on the machine's load.
  expect(kills).toBeGreaterThan(0)
  // The next run removes the leftovers.
  await killAfter(60_000, 'slipway', ['backup', 'create'])
  const { backups } = (await slipway('backup list')).result
  const owned = backups.map(({ id }) => id)
  expect(files().filter((file) => !owned.some((id) => file.startsWith(id)))).toEqual([])
  expect(files().filter((file) => file.endsWith('.partial'))).toEqual([])
  expect(good.every((id) => owned.includes(id))).toBe(true)
  expect(await slipway(`backup verify ${owned[0]}`)).toMatchObject({ exitCode: 0 })
})

test('a killed verification leaves nothing behind for long', LONG, async () => {
  const { create } = await shop(`{ encryption: 'passphrase' }`)
  await create()
  for (const ms of [1500, 2500, 3500]) await killAfter(ms, 'slipway', ['backup', 'verify'])
  // Its private server ends, too.
  await expect.poll(() => serversIn(temporary), { timeout: 60_000 }).toEqual([])
  const { wasKilled } = await killAfter(120_000, 'slipway', ['backup', 'verify'])
  expect(wasKilled).toBe(false)
  expect(filesWith(SECRET, temporary)).toEqual([])
  expect(readdirSync(temporary).filter((name) => name.startsWith('slipway-backup-'))).toEqual([])
})

function serversIn(folder: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${folder}/slipway-backup-`)
      )
    } catch {
      return false
    }
  })
}

test(`backup restore onto a database, killed at ${POINTS} points`, LONG, async () => {
  const { slipway, create, another } = await shop('{}')
  const id = await create()
  const restored = dumpWhole(project.target.url)
  const filled = await another()
  await filled.sql('CREATE TABLE own (id int); INSERT INTO own VALUES (7)')
  const before = dumpWhole(filled.url)
  project.env['DATABASE_URL'] = filled.url
  const restore = ['backup', 'restore', id, '--confirm', filled.name]
  const first = await killAfter(120_000, 'slipway', restore)
  expect(dumpWhole(filled.url)).toBe(restored)
  const [old = ''] = (await databasesLike(filled)).filter((name) => name.includes('_before_'))
  expect(dumpWhole(urlOf(old))).toBe(before)
  // Restores the old database for the next point.
  const renew = async () => {
    for (const name of await databasesLike(filled))
      await onServer(`DROP DATABASE "${name}" WITH (FORCE)`)
    await onServer(`CREATE DATABASE "${filled.name}" TEMPLATE template0`)
    await filled.sql('CREATE TABLE own (id int); INSERT INTO own VALUES (7)')
  }
  await renew()
  let kills = 0
  // The first restore may have been slower than the next ones.
  let whole = first.ms
  for (let point = 0; point < POINTS; point++) {
    // Half of the points are at the end, where databases are renamed.
    const share = point % 2 === 0 ? point / POINTS : 0.85 + (0.15 * point) / POINTS
    const victim: Victim = point % 5 === 4 ? 'pg_restore' : 'slipway'
    const killed = await killAfter(Math.round(whole * share), victim, restore)
    if (killed.wasKilled) kills += 1
    else whole = Math.min(whole, killed.ms)
    const now = dumpWhole(filled.url)
    const olds = (await databasesLike(filled)).filter((name) => name.includes('_before_'))
    if (olds.length === 0) expect(now === before, `point ${point}`).toBe(true)
    else {
      expect(now === restored, `point ${point}`).toBe(true)
      expect(dumpWhole(urlOf(olds[0] ?? '')) === before, `point ${point}`).toBe(true)
      await renew()
    }
  }
  // How many points are reached in time depends on the machine's load.
  expect(kills).toBeGreaterThan(0)
  // The next run removes incomplete databases that no session uses.
  await expect.poll(() => restoringSessions(filled.name), { timeout: 60_000 }).toEqual([])
  await slipway(`backup restore ${id} --confirm ${filled.name}`)
  expect((await databasesLike(filled)).filter((name) => name.includes('_restore_'))).toEqual([])
})

/** What the server still runs of killed restores of a database. */
async function restoringSessions(database: string): Promise<unknown[]> {
  return await onServer(
    `SELECT datname, query FROM pg_stat_activity WHERE pid <> pg_backend_pid()
       AND (starts_with(datname, '${database}_restore_') OR state <> 'idle' AND position('${database}_restore_' IN query) > 0)`,
  )
}

async function onServer(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: urlOf('postgres') })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(sql)
  await client.end()
  return rows
}
