import { type Address, type Dialect, dialectOf, type Session } from '../database/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import { replay as replayPostgres } from './replay.ts'
import {
  type ShadowOptions,
  withServerShadowDatabase as withPostgresServer,
  withShadowDatabase as withPostgres,
  withShadowServer as withPostgresShadowServer,
} from './shadow-database.ts'

/** The functions of the same names below, for one dialect. */
interface ShadowDialect {
  withShadowDatabase<T>(...given: Given<T>): Promise<T>
  withServerShadowDatabase<T>(
    options: ShadowOptions,
    history: readonly MigrationFile[],
    work: (session: Session, address: Address) => Promise<T>,
    upcoming: readonly MigrationFile[],
  ): Promise<{ readonly value: T } | undefined>
  withShadowServer<T>(
    options: ShadowOptions,
    work: (options: ShadowOptions) => Promise<T>,
  ): Promise<T>
  replay(session: Session, files: readonly MigrationFile[]): Promise<void>
}

type Given<T> = [
  options: ShadowOptions,
  history: readonly MigrationFile[],
  work: (session: Session, address?: Address) => Promise<T>,
  upcoming: readonly MigrationFile[],
]

const SHADOWS: Readonly<Record<Dialect, () => Promise<ShadowDialect>>> = {
  postgres: async () => ({
    withShadowDatabase: withPostgres,
    withServerShadowDatabase: withPostgresServer,
    withShadowServer: withPostgresShadowServer,
    replay: replayPostgres,
  }),
  async sqlite() {
    const { withSqliteShadowDatabase } = await import('./sqlite/in-memory.ts')
    const { replaySqlite } = await import('./sqlite/replay.ts')
    return {
      withShadowDatabase: (options, history, work) =>
        withSqliteShadowDatabase(options, history, (session) => work(session)),
      // An in-memory database has only one session.
      withServerShadowDatabase: async () => undefined,
      withShadowServer: (options, work) => work(options),
      replay: replaySqlite,
    }
  },
}

/**
 * Gives `work` a throw-away database with the given history. `upcoming` is the SQL that `work` will run. On PostgreSQL,
 * the database is on the server that the configuration names, or else on a private server of this machine's PostgreSQL
 * if that has the target's major version, or else embedded; `work` gets the address if more sessions are possible. On
 * SQLite, it is in memory. Guarantee 1 holds because the database is created here.
 */
export async function withShadowDatabase<T>(
  options: ShadowOptions,
  history: readonly MigrationFile[],
  work: (session: Session, address?: Address) => Promise<T>,
  upcoming: readonly MigrationFile[] = [],
): Promise<T> {
  const shadow = await SHADOWS[options.dialect]()
  return await shadow.withShadowDatabase(options, history, work, upcoming)
}

/**
 * Like `withShadowDatabase`, but for work with several sessions: it gets the address of its database. Returns
 * undefined if only a database with one session is available.
 */
export async function withServerShadowDatabase<T>(
  options: ShadowOptions,
  history: readonly MigrationFile[],
  work: (session: Session, address: Address) => Promise<T>,
  upcoming: readonly MigrationFile[] = [],
): Promise<{ readonly value: T } | undefined> {
  const shadow = await SHADOWS[options.dialect]()
  return await shadow.withServerShadowDatabase(options, history, work, upcoming)
}

/**
 * Keeps what the shadow databases of `work` share: on PostgreSQL one private server, because starting and stopping it
 * takes longer than a small test run. `work` gets the options with which to create them.
 */
export async function withShadowServer<T>(
  options: ShadowOptions,
  work: (options: ShadowOptions) => Promise<T>,
): Promise<T> {
  const shadow = await SHADOWS[options.dialect]()
  return await shadow.withShadowServer(options, work)
}

/**
 * Runs migrations on a shadow database, one after the other, as a deploy would. Fails with SHADOW.REPLAY_FAILED, or with
 * SHADOW.EXTENSION_UNAVAILABLE if that is the reason.
 */
export async function replay(session: Session, files: readonly MigrationFile[]): Promise<void> {
  const shadow = await SHADOWS[dialectOf(session)]()
  await shadow.replay(session, files)
}
