import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { BackupItem } from '../../src/app/backup-result.ts'
import type { Failure } from '../../src/kernel/index.ts'
import { runCli } from '../cli-in-process.ts'
import { serverUrl } from '../postgres.ts'
import { type TestMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

/** The JSON output of a command line run with `--json`. */
export interface CommandResult {
  readonly exitCode: number
  readonly failure: Failure | null
  readonly findings: readonly { readonly id: string; readonly message: string }[]
  readonly result: Result
  readonly output: string
}

/** The parts of all results that tests use. */
export interface Result {
  readonly backup: BackupItem
  readonly backups: readonly BackupItem[]
  readonly unusable: readonly { readonly id: string; readonly why: string }[]
  readonly compared: readonly string[]
  readonly notCompared: readonly string[]
  readonly old: string | null
}

/** Overrides of the project's own values. */
interface RunOptions {
  readonly url?: string
  readonly environment?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A project with a target, and a folder for its backups. */
export interface BackupProject {
  readonly root: string
  readonly store: string
  readonly target: TestTarget
  readonly env: Record<string, string>
  /** Runs a command line on the target, or on another database. */
  slipway(line: string, options?: RunOptions): Promise<CommandResult>
  /** Creates a backup. Returns its id. */
  create(flags?: string): Promise<string>
  files(): string[]
  /** Creates another database on the server, dropped by `drop`. */
  another(): Promise<TestTarget>
  drop(): Promise<void>
}

export const PASSPHRASE = 'correct horse battery staple'

/** A table with a row whose check passes only in the session that wrote it: it can be dumped, not restored. */
export const UNRESTORABLE = `
  CREATE FUNCTION may_write() RETURNS bool LANGUAGE sql AS $$ SELECT current_setting('shop.writes', true) = 'yes' $$;
  CREATE TABLE zone (id int CHECK (coalesce(may_write(), false)));
  SET shop.writes = 'yes'; INSERT INTO zone VALUES (1)`

/** Sets up a project whose environment `production` has these backup settings. */
export async function backupProject(
  settings = '{}',
  { migrations = [] }: { readonly migrations?: readonly TestMigration[] } = {},
): Promise<BackupProject> {
  const target = await createTarget()
  const root = writeProject(migrations)
  shareImages(root)
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    `export default { environments: { production: { url: 'env:DATABASE_URL', backup: ${settings} } } }\n`,
  )
  const store = path.join(root, 'prisma', 'backups')
  const env: Record<string, string> = {
    DATABASE_URL: target.url,
    PATH: process.env['PATH'] ?? '',
  }
  const targets = [target]
  const slipway: BackupProject['slipway'] = async (line, options = {}) => {
    const { exitCode, stdout, stderr } = await runCli(
      [
        ...line.split(' ').filter((word) => word !== ''),
        '--env',
        options.environment ?? 'production',
        '--json',
      ],
      {
        cwd: root,
        env: { ...env, ...(options.url ? { DATABASE_URL: options.url } : {}), ...options.env },
      },
    )
    const output = stdout + stderr
    expect(output).not.toContain(PASSPHRASE)
    expect(exitCode, output).not.toBe(1)
    return {
      exitCode,
      output,
      ...(JSON.parse(stdout) as Omit<CommandResult, 'exitCode' | 'output'>),
    }
  }
  return {
    root,
    store,
    target,
    env,
    slipway,
    async create(flags = '') {
      const made = await slipway(`backup create ${flags}`)
      expect(made, made.output).toMatchObject({ exitCode: 0, failure: null })
      return made.result.backup.id
    },
    files: () => readdirSync(store, { recursive: true, encoding: 'utf8' }).toSorted(),
    async another() {
      const made = await createTarget()
      targets.push(made)
      return made
    },
    async drop() {
      for (const one of targets) await one.drop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The databases of the test server whose names begin with that of the target. */
export async function databasesLike({ name, sql }: TestTarget): Promise<string[]> {
  const rows = await sql(
    `SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, '${name}') ORDER BY 1`,
  )
  return rows.map((row) => String(row['name']))
}

/** Connection string of a database of the test server. */
export function urlOf(database: string): string {
  const url = new URL(serverUrl())
  url.pathname = `/${database}`
  return url.href
}

/** Environment variables under which a program of the server's version is replaced by a script. */
export function fakeProgram(
  { root, target, env }: Pick<BackupProject, 'root' | 'target' | 'env'>,
  name: string,
  script: string,
): Record<string, string> {
  const folder = mkdtempSync(path.join(root, 'bin-'))
  const file = path.join(folder, name)
  const asked = ['-Atc', 'SHOW server_version', target.url]
  const version = execFileSync('psql', asked, { encoding: 'utf8' }).trim().split(' ')[0]
  const head = `if [ "$1" = --version ]; then echo '${name} (PostgreSQL) ${version}'; exit; fi`
  writeFileSync(file, `#!/bin/sh\n${head}\n${script}\n`)
  chmodSync(file, 0o755)
  return { PATH: `${folder}:${env['PATH']}` }
}
