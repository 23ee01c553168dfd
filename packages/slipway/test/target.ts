import { mkdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { withSession } from '../src/database/index.ts'
import type { WorkRequest } from '../src/deploy/index.ts'
import { ConnectionString } from '../src/kernel/index.ts'
import { type Fingerprint, fingerprint, readCatalog } from '../src/schema/index.ts'
import { type ShadowOptions, withShadowServer } from '../src/shadow/index.ts'
import { createDatabase, type TestDatabase } from './postgres.ts'
import { runSql } from './run-sql.ts'

/** A migration of a test. */
export interface TestMigration {
  readonly name: string
  readonly sql: string
  readonly path: string
  readonly down?: string
}

/** A target on the test server, with requests for work on it. */
export interface TestTarget extends TestDatabase {
  request(migrations: readonly TestMigration[]): WorkRequest
  /** Runs a script; returns the rows of its last statement. */
  sql(script: string): Promise<Record<string, unknown>[]>
  fingerprint(): Promise<Fingerprint>
}

/** Images of shadow databases, shared by all test files on a machine. */
export const SHADOW = {
  dialect: 'postgres',
  cacheDir: path.join(tmpdir(), 'slipway-test-images'),
} as const

/** Makes a project use the shared images, because creating a shadow database from nothing takes seconds. */
export function shareImages(root: string): void {
  mkdirSync(SHADOW.cacheDir, { recursive: true })
  mkdirSync(path.join(root, '.slipway'), { recursive: true })
  symlinkSync(SHADOW.cacheDir, path.join(root, '.slipway', 'cache'))
}

/** A migration by name and text. */
export function migration(name: string, sql: string, down?: string): TestMigration {
  return {
    name,
    sql,
    path: `migrations/${name}/migration.sql`,
    ...(down === undefined ? {} : { down }),
  }
}

/** Options with the private server that all shadow databases of a test file share. It ends with the process. */
let shadow: ShadowOptions = SHADOW
let starting: Promise<void> | undefined

function startSharedShadow(): Promise<void> {
  const versionNumber = Number(process.env['TEST_SERVER_VERSION']) * 10_000
  const like = { kind: 'postgres', server: { versionNumber } } as ShadowOptions['like']
  return new Promise((resolve) => {
    void withShadowServer({ ...SHADOW, like }, async ({ running }) => {
      shadow = running ? { ...SHADOW, running } : SHADOW
      resolve()
      if (running) await new Promise(() => {})
    })
  })
}

/** Creates a target on the test server: empty, or a copy of the database named `template`. */
export async function createTarget(options: { template?: string } = {}): Promise<TestTarget> {
  await (starting ??= startSharedShadow())
  const database = await createDatabase(options)
  const address = { kind: 'postgres' as const, url: new ConnectionString(database.url) }
  return {
    ...database,
    request: (migrations) => workOn(address, migrations),
    sql: (script) => runSql(database.url, script),
    fingerprint: () =>
      withSession(address, {}, async (session) => fingerprint(await readCatalog(session))),
  }
}

/** A default request for work on an address. */
export function workOn(
  address: WorkRequest['address'],
  migrations: readonly TestMigration[],
): WorkRequest {
  return {
    address,
    environment: 'development',
    protected: false,
    confirm: false,
    migrations,
    limits: { lockTimeoutMs: 200, statementTimeoutMs: 60_000 },
    deadlineMs: 30_000,
    shadow,
    signal: new AbortController().signal,
    emit: () => {},
  }
}
