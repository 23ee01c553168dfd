import { randomBytes } from 'node:crypto'
import {
  type Address,
  HARMLESS_EXTENSIONS,
  OWNERS,
  quoteIdentifier,
  quoteLiteral,
  type Session,
  type SessionOptions,
  withSession,
} from '../../database/index.ts'
import { advice, failureOf } from '../../kernel/index.ts'
import { extensionsIn, type MigrationFile } from '../../statements/index.ts'
import { raise } from '../failures.ts'
import { keysOf } from '../history-key.ts'
import { begin, replay } from '../replay.ts'
import type { ShadowOptions } from '../shadow-database.ts'
import { shadowSchema } from '../shadow-schema.ts'
import { refuseServerOfTarget } from '../shadow-target.ts'
import { OUTPUT_LIMIT_BYTES, withinLimits } from './limits.ts'

/** Must change with the way of replaying, so that older templates are not used. */
const FORMAT = 'server/4'
const MIN_MS_FOR_TEMPLATE = 150
/**
 * Copies the files of a template, as all versions before 15 do, which is half the work of logging each block. It needs
 * two checkpoints, which cost nothing on a server that need not survive a crash, but a lot on any other.
 */
const BY_FILES = 'STRATEGY FILE_COPY'
const KEEP = 12
const DAY_MS = 86_400_000

/** A server on which Slipway may create databases. */
export interface ShadowServer {
  /** A database from which to create and drop others. */
  readonly admin: Address
  /** The address of one of its databases, with `schema` as its default schema. */
  address(database: string, schema: string): Address
  /** Whether no other process uses it: then databases without sessions were left by a process that died. */
  readonly owned: boolean
}

interface Task<T> {
  readonly options: ShadowOptions
  readonly history: readonly MigrationFile[]
  readonly upcoming: readonly MigrationFile[]
  readonly work: (session: Session, address: Address) => Promise<T>
}

/**
 * Gives `work` a new database with the history on a server, and drops it afterwards. A replayed history stays as a
 * template database, `slipway_history_<key>`; the twelve most recently used are kept. Only databases that were created
 * here are touched: they are recognized by their names and comments. Returns undefined if a private server lacks an
 * extension that the history creates. Fails with SHADOW.RIGHTS.
 */
export async function withShadowDatabaseOn<T>(
  server: ShadowServer,
  task: Task<T>,
): Promise<{ readonly value: T } | undefined> {
  return await withSession(server.admin, {}, async (admin) => {
    if (!server.owned) refuseServerOfTarget(admin, task.options)
    if (server.owned && (await lacksExtension(admin, task))) return undefined
    await dropOldDatabases(admin, server.owned ? 0 : DAY_MS)
    if (server.owned) await dropLeftovers(admin)
    const name = `slipway_shadow_${randomBytes(6).toString('hex')}`
    const limited = { admin, database: name, limits: task.options.limits, owned: server.owned }
    const address = server.address(name, shadowSchema(task.options))
    try {
      const value = await withinLimits(limited, async (onExcess) => {
        const output = { maxBytes: OUTPUT_LIMIT_BYTES, onExcess }
        await prepare({ server, admin, name, output }, task)
        return await withSession(address, { output }, (session) => task.work(session, address))
      })
      return { value }
    } finally {
      await drop(admin, name)
      if (server.owned) await dropLeftovers(admin)
    }
  })
}

async function lacksExtension<T>(admin: Session, task: Task<T>): Promise<boolean> {
  const texts = [
    task.options.initScript ?? '',
    ...[...task.history, ...task.upcoming].map(({ sql }) => sql),
  ]
  const names = await extensionsIn(texts)
  if (names.length === 0) return false
  const rows = await admin.query<{ name: string }>(
    `SELECT DISTINCT name FROM pg_available_extension_versions
     WHERE trusted OR NOT superuser OR name = ANY ($1)`,
    [HARMLESS_EXTENSIONS],
  )
  const possible = new Set(rows.map(({ name }) => name))
  return names.some((name) => !possible.has(name))
}

/** Drops a database and terminates its sessions, even if its owner made it a template. */
async function drop(admin: Session, name: string): Promise<void> {
  await admin.execute(`ALTER DATABASE ${name} IS_TEMPLATE false`).catch(() => undefined)
  await admin.execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

/** `FirstNormalObjectId`: the initial objects of a cluster, including our roles, have smaller OIDs. */
const FIRST_NORMAL_OID = 16_384

/**
 * Drops what SQL under test left on a private server, once the server has no other shadow database: roles that no
 * template needs, and settings of roles.
 */
async function dropLeftovers(admin: Session): Promise<void> {
  const rows = await admin.query<{ sql: string }>(
    `WITH left_over AS (
       SELECT format('DROP ROLE %I', rolname) AS sql FROM pg_roles
       WHERE oid >= ${FIRST_NORMAL_OID}
       UNION ALL
       SELECT format('ALTER ROLE %I %s RESET ALL', rolname, 'IN DATABASE ' || quote_ident(datname))
       FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase
     ) SELECT sql FROM left_over
     WHERE NOT EXISTS (SELECT FROM pg_database WHERE starts_with(datname, 'slipway_shadow_'))`,
  )
  for (const { sql } of rows) await admin.execute(sql).catch(() => undefined)
}

interface NewShadowDatabase {
  readonly server: ShadowServer
  readonly admin: Session
  /** The name of the shadow database. */
  readonly name: string
  readonly output: SessionOptions['output']
}

async function prepare<T>(
  { server, admin, name, output }: NewShadowDatabase,
  task: Task<T>,
): Promise<void> {
  const { options, history } = task
  const schema = shadowSchema(options)
  const keys = keysOf([FORMAT, schema, options.initScript ?? ''], history)
  const known = new Set(
    await ownDatabases(admin, 'slipway_history_').then((all) => all.map((one) => one.name)),
  )
  const from = keys.findLastIndex((key) => known.has(templateOf(key)))
  const template = from < 0 ? undefined : templateOf(keys[from] ?? '')
  const { owned } = server
  await create(admin, name, { template, owned, owner: owned ? OWNERS : undefined })
  const rest = history.slice(Math.max(from, 0))
  if (from >= 0 && rest.length === 0) return
  const began = performance.now()
  await withSession(server.address(name, schema), { output }, async (session) => {
    if (from < 0) await begin(session, options.initScript)
    await replay(session, rest)
  })
  if (performance.now() - began < MIN_MS_FOR_TEMPLATE) return
  // Fails if another process has created the same template in the meantime; this shadow database does not need it.
  await create(admin, templateOf(keys.at(-1) ?? ''), { template: name, owned }).catch(
    () => undefined,
  )
}

function templateOf(key: string): string {
  return `slipway_history_${key.slice(0, 32)}`
}

async function create(
  admin: Session,
  name: string,
  {
    template,
    owned,
    owner,
  }: {
    readonly template: string | undefined
    readonly owned: boolean
    readonly owner?: string | undefined
  },
): Promise<void> {
  const base = owner === undefined ? `template0 ENCODING 'UTF8'` : 'template1'
  const of = template === undefined ? base : quoteIdentifier(template)
  try {
    await admin.execute(
      [
        `CREATE DATABASE ${name} TEMPLATE ${of}`,
        ...(owner === undefined ? [] : [`OWNER ${owner}`]),
        ...(owned && admin.server.versionNumber >= 150_000 ? [BY_FILES] : []),
      ].join(' '),
    )
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.server?.sqlstate !== '42501') throw error
    raise('SHADOW.RIGHTS', {
      message: `The role ${admin.server.user} may not create databases on the shadow database server.`,
      why: 'Each shadow database is a database of its own, which is dropped afterwards.',
      nextActions: [
        advice(`Run on that server: ALTER ROLE ${quoteIdentifier(admin.server.user)} CREATEDB.`),
        advice(
          'Or name no shadow database server: Slipway then uses a private server or the embedded database.',
        ),
      ],
      ...(failure.server ? { server: failure.server } : {}),
      cause: error,
    })
  }
  await markAsUsed(admin, [name, ...(template === undefined ? [] : [template])])
}

/** Marks databases in their comments as created by Slipway, with the time of use. */
async function markAsUsed(admin: Session, names: readonly string[]): Promise<void> {
  const text = quoteLiteral(`slipway, used ${new Date().toISOString()}`)
  const own = names.filter((name) => name.startsWith('slipway_'))
  await admin.execute(
    own.map((name) => `COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${text};`).join(' '),
  )
}

interface OwnDatabase {
  readonly name: string
  readonly usedMs: number
  readonly sessions: number
}

/** The databases that Slipway created, recognized by name and comment; the most recently used first. */
async function ownDatabases(admin: Session, prefix: string): Promise<OwnDatabase[]> {
  const rows = await admin.query<{ name: string; comment: string; sessions: string }>(
    `SELECT d.datname AS name, shobj_description(d.oid, 'pg_database') AS comment,
            (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)::text AS sessions
     FROM pg_database d
     WHERE starts_with(d.datname, $1) AND shobj_description(d.oid, 'pg_database') LIKE 'slipway, used %'`,
    [prefix],
  )
  return rows
    .map(({ name, comment, sessions }) => ({
      name,
      usedMs: Date.parse(comment.slice('slipway, used '.length)),
      sessions: Number(sessions),
    }))
    .toSorted((a, b) => b.usedMs - a.usedMs)
}

/** Drops what earlier commands left: shadow databases of processes that died, and the least recently used templates. */
async function dropOldDatabases(admin: Session, leftAfterMs: number): Promise<void> {
  const left = (await ownDatabases(admin, 'slipway_shadow_')).filter(
    ({ sessions, usedMs }) => sessions === 0 && Date.now() - usedMs >= leftAfterMs,
  )
  const old = (await ownDatabases(admin, 'slipway_history_')).slice(KEEP)
  for (const { name } of [...left, ...old]) {
    await admin.execute(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`).catch(() => undefined)
  }
}
