import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { atomic, type Session, withSession } from '../src/database/index.ts'
import { writeDownMigration } from '../src/down/index.ts'
import { atomicScriptOf } from '../src/execution/index.ts'
import { failureOf } from '../src/kernel/index.ts'
import { gradeOf, type Proof, prove } from '../src/proof/index.ts'
import {
  fillSqliteTables,
  replay,
  type ShadowOptions,
  withShadowDatabase,
} from '../src/shadow/index.ts'
import { type Destruction, objectName, parseMigration, parserFor } from '../src/statements/index.ts'
import { readSqliteState, rowDifferences, type SqliteState } from './sqlite-state.ts'

const SHADOW: ShadowOptions = { dialect: 'sqlite', cacheDir: '' }

/** An SQLite migration, and the outcome of its run, rollback and second run on a file with rows. */
export interface RoundTrip {
  readonly migration: string
  readonly grade: Proof['grade'] | 'no schema'
  /** Number of rows in the file before. */
  readonly rows: number
  /** Why the migration could not run on the rows of the file; it then ran on fewer or none. */
  readonly refused: readonly string[]
  /** Data that the proof and the down migration announce as lost. */
  readonly announced: readonly string[]
  /** Differences of the rows to those before, by plain SQL. */
  readonly differs: readonly string[]
  /** Objects that differ from those before, by SQLite's own pragmas. */
  readonly schemaDiffers: readonly string[]
  /** Differences of the second run to the first. */
  readonly againDiffers: readonly string[]
  /** The error, if a step failed. */
  readonly failure?: string
  readonly reasons: readonly string[]
  readonly conditions: readonly string[]
}

interface Case {
  readonly history: readonly { readonly name: string; readonly sql: string }[]
  readonly migration: { readonly name: string; readonly sql: string }
}

/** Proves a migration on a shadow database, and runs it up, down and up again on a file with generated rows. */
export async function roundTrip({ history, migration }: Case): Promise<RoundTrip> {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-round-trip-'))
  try {
    return await runOn(path.join(folder, 'test.db'), { history, migration })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function runOn(file: string, { history, migration }: Case): Promise<RoundTrip> {
  writeFileSync(file, '')
  const onShadow = <T>(work: (session: Session) => Promise<T>) =>
    withShadowDatabase(SHADOW, history, work)
  const { sql } = await writeDownMigration({ shadow: SHADOW, before: history, migration })
  const down = { name: `${migration.name}/down.sql`, sql }
  const proof = await prove('sqlite', onShadow, {
    migration,
    down,
    catalogs: () => Promise.reject(new TypeError('of PostgreSQL')),
  })
  const refused: string[] = []
  const states: SqliteState[] = []
  const failure = await onFile(file, async (session) => {
    await replay(session, history)
    for (const style of ['edge', 'sparse', 'plain', 'json', 'none'] as const) {
      await fillSqliteTables(session, { style })
      states.splice(0, states.length, readSqliteState(file))
      const stopped = await run(session, migration)
      if (stopped === undefined) break
      refused.push(stopped)
      if (style === 'none') return stopped
      await emptied(session)
    }
    for (const next of [down, migration]) {
      states.push(readSqliteState(file))
      const stopped = await run(session, next)
      if (stopped !== undefined) return `${next.name}: ${stopped}`
    }
    states.push(readSqliteState(file))
    return undefined
  })
  const [before, up, back, again] = states
  const difference = (one: SqliteState | undefined, other: SqliteState | undefined) =>
    one && other ? schemaDifferences(one, other) : []
  return {
    migration: migration.name,
    grade: gradeOf(proof) ?? 'no schema',
    rows: Object.values(before?.rows ?? {}).reduce((sum, { length }) => sum + length, 0),
    refused,
    announced: [
      ...proof.lost.map(destructionName),
      ...proof.left.map((one) => `rows of ${objectName(one)}`),
    ],
    differs: before && back ? rowDifferences(before, back) : [],
    schemaDiffers: difference(before, back),
    againDiffers: difference(up, again),
    ...(failure === undefined ? {} : { failure }),
    reasons: proof.reasons,
    conditions: proof.conditions,
  }
}

async function onFile<T>(file: string, work: (session: Session) => Promise<T>): Promise<T> {
  return await withSession({ kind: 'sqlite', file }, {}, work)
}

/** Runs a script in one transaction, as deploys and rollbacks do. */
async function run(
  session: Session,
  file: { readonly name: string; readonly sql: string },
): Promise<string | undefined> {
  const migration = parseMigration(file, await parserFor('sqlite'))
  const { script, foreignKeys } = atomicScriptOf(migration)
  try {
    await atomic(session).runAtomically(script, { foreignKeys })
    const orphans = await session.query('PRAGMA foreign_key_check')
    return orphans.length > 0 ? `breaks keys: ${JSON.stringify(orphans[0])}` : undefined
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    return failure.sqlite?.message ?? failure.message
  }
}

/** Deletes all rows. Triggers, which could refuse that, are dropped first and recreated afterwards. */
async function emptied(session: Session): Promise<void> {
  const triggers = await session.query<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
  )
  const tables = await session.query<{ name: string }>(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_schema'`,
  )
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  await session.execute('PRAGMA foreign_keys = OFF')
  for (const { name } of triggers) await session.execute(`DROP TRIGGER ${quoted(name)}`)
  for (const { name } of tables) await session.execute(`DELETE FROM ${quoted(name)}`)
  for (const { sql } of triggers) await session.execute(sql)
  await session.execute('PRAGMA foreign_keys = ON')
}

function schemaDifferences(one: SqliteState, other: SqliteState): string[] {
  const names = new Set([...Object.keys(one.schema), ...Object.keys(other.schema)])
  return [...names].filter(
    (name) => JSON.stringify(one.schema[name]) !== JSON.stringify(other.schema[name]),
  )
}

function destructionName({ what, object }: Destruction): string {
  if (object.kind === 'sequence') return `counter of ${objectName(object)}`
  return what === 'rows' || object.kind === 'table'
    ? `rows of ${objectName(object)}`
    : objectName(object)
}

/** Whether an outcome must never happen: unannounced differences, or a second run with another result. */
export function isForbidden({
  grade,
  announced,
  differs,
  schemaDiffers,
  againDiffers,
  failure,
  reasons,
}: RoundTrip): boolean {
  const covered = (one: string) =>
    announced.includes(one) ||
    // A column of a table whose rows are announced as lost.
    announced.some(
      (lost) => lost.startsWith('rows of ') && one.startsWith(`${lost.slice('rows of '.length)}.`),
    )
  const isUnannounced = differs.some((one) => !covered(one))
  const isSaid = reasons.length > 0 && grade !== 'lossless'
  const isBroken =
    (schemaDiffers.length > 0 || againDiffers.length > 0 || failure !== undefined) && !isSaid
  return isUnannounced || isBroken || (grade === 'lossless' && differs.length > 0)
}
