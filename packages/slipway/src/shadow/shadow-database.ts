import {
  type Address,
  type Dialect,
  type Programs,
  type ServerInfo,
  serverPrograms,
  type Session,
  withLocalServer,
} from '../database/index.ts'
import { type ConnectionString, must } from '../kernel/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import { withEmbeddedShadowDatabase } from './postgres/embedded.ts'
import type { ShadowLimits } from './postgres/limits.ts'
import { type ShadowServer, withShadowDatabaseOn } from './postgres/on-server.ts'
import { needsSuperuser } from './postgres/superuser.ts'
import { refuseTarget } from './shadow-target.ts'

/** The options of a project's shadow databases. */
export interface ShadowOptions {
  /** The dialect of the project's SQL. */
  readonly dialect: Dialect
  /** The folder for files that are kept between commands: `<project>/.slipway/cache`. */
  readonly cacheDir: string
  /** Prisma's `initShadowDb`: run before the history. */
  readonly initScript?: string | undefined
  /** What the configuration names: a server on which Slipway may create databases, or the embedded database. */
  readonly named?: ConnectionString | 'embedded' | undefined
  /** The database that the command acts on: a shadow database is never there (guarantee 1). */
  readonly target?: { readonly address: Address; readonly protected: boolean } | undefined
  /** The version of the target's server; any version will do if it is unknown. */
  readonly like?: Pick<Session, 'kind' | 'server'> | undefined
  /** The resources that SQL may use; limits.ts has the defaults. */
  readonly limits?: Partial<ShadowLimits> | undefined
  /** Partitioned tables whose partitions are not compared. */
  readonly runtimePartitions?: readonly string[] | undefined
  /** A private server that is already running: see `withShadowServer`. */
  readonly running?: ShadowServer | undefined
}

/**
 * Gives `work` a throw-away database with the given history: on the server that the configuration names, or else on a
 * private server of this machine's PostgreSQL if that has the target's major version, or else embedded. A replayed
 * history is cached by its content. `upcoming` is the SQL that `work` will run, so that the shadow database has the
 * extensions that it needs. `work` gets the address if more sessions are possible. Guarantee 1 holds because the
 * database is created here.
 */
export async function withShadowDatabase<T>(
  options: ShadowOptions,
  history: readonly MigrationFile[],
  work: (session: Session, address?: Address) => Promise<T>,
  upcoming: readonly MigrationFile[] = [],
): Promise<T> {
  const { runtimePartitions } = options
  const known = (session: Session, address?: Address) =>
    work(runtimePartitions === undefined ? session : { ...session, runtimePartitions }, address)
  const found = await withServerShadowDatabase(options, history, known, upcoming)
  return found ? found.value : await withEmbeddedShadowDatabase(options, history, known, upcoming)
}

/**
 * Like `withShadowDatabase`, but for work with several sessions: it gets the address of its database. Returns
 * undefined if only the embedded database is available, which has one session.
 */
export async function withServerShadowDatabase<T>(
  options: ShadowOptions,
  history: readonly MigrationFile[],
  work: (session: Session, address: Address) => Promise<T>,
  upcoming: readonly MigrationFile[] = [],
): Promise<{ readonly value: T } | undefined> {
  const { named } = options
  if (named !== undefined && named !== 'embedded') {
    refuseTarget(named, options)
    const found = await withShadowDatabaseOn(
      {
        admin: { kind: 'postgres', url: named },
        address: (database, schema) => databaseOn(named, { database, schema }),
        owned: false,
      },
      { options, history, upcoming, work },
    )
    return must(found, 'a shadow database on the server that the configuration names')
  }
  return await onLocalServer(options, { history, upcoming, work })
}

/** The request with shadow databases like the server of a session: of the same major version, or embedded, too. */
export function shadowLike<R extends { readonly shadow: ShadowOptions }>(
  request: R,
  session: Session,
): R {
  return { ...request, shadow: { ...request.shadow, like: session } }
}

interface Task<T> {
  readonly history: readonly MigrationFile[]
  readonly upcoming: readonly MigrationFile[]
  readonly work: (session: Session, address: Address) => Promise<T>
}

/**
 * Keeps one private server for all shadow databases of `work`, if this machine has PostgreSQL: starting and stopping it
 * takes longer than a small test run. `work` gets the options with which to create them: the given ones if a server is
 * already running.
 */
export async function withShadowServer<T>(
  options: ShadowOptions,
  work: (options: ShadowOptions) => Promise<T>,
): Promise<T> {
  if (options.running) return await work(options)
  const programs = options.named === undefined ? await programsFor(options) : undefined
  if (programs === undefined) return await work(options)
  const found = await withLocalServer(programs, options.cacheDir, ({ address, admin }) =>
    work({
      ...options,
      running: {
        admin: admin('postgres'),
        address: (database, schema) => inSchema(address(database).url, schema),
        owned: true,
      },
    }),
  )
  return found ? found.value : await work(options)
}

async function programsFor({ like }: ShadowOptions): Promise<Programs | undefined> {
  if (like?.kind === 'embedded') return undefined
  return await serverPrograms(process.env, like && majorOf(like.server))
}

async function onLocalServer<T>(
  options: ShadowOptions,
  task: Task<T>,
): Promise<{ readonly value: T } | undefined> {
  const files = [...task.history, ...task.upcoming].map(({ sql }) => sql)
  const texts = [options.initScript ?? '', ...files]
  if (options.named === 'embedded' || (await needsSuperuser(texts))) return undefined
  if (options.running) return await withShadowDatabaseOn(options.running, { options, ...task })
  return await withShadowServer(
    options,
    async ({ running }) => running && (await withShadowDatabaseOn(running, { options, ...task })),
  )
}

function majorOf({ versionNumber }: ServerInfo): number {
  return Math.floor(versionNumber / 10_000)
}

function databaseOn(
  server: ConnectionString,
  { database, schema }: { readonly database: string; readonly schema: string },
): Address {
  return inSchema(server.withDatabase(database), schema)
}

function inSchema(url: ConnectionString, schema: string): Address {
  return { kind: 'postgres', url: url.withSchema(schema) }
}
