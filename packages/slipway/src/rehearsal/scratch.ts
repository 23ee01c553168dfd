import {
  type Address,
  locate,
  type ServerInfo,
  serverPrograms,
  type Session,
  withLocalServer,
} from '../database/index.ts'
import { advice, type ConnectionString, must } from '../kernel/index.ts'
import { withEmbeddedScratch } from './embedded-scratch.ts'
import { raise } from './failures.ts'
import { needsServerOfItsOwn } from './history-key.ts'
import type { ReplayMigration } from './replay.ts'
import { withScratchOn } from './server-scratch.ts'

/** What scratches of a project need to know. */
export interface ScratchOptions {
  /** Folder of what is kept between commands; `<project>/.slipway/cache`. */
  readonly cacheDir: string
  /** Prisma's `initShadowDb`: run before the history. */
  readonly initScript?: string | undefined
  /** What the configuration names: a server where Slipway may create databases, or the embedded database. */
  readonly named?: ConnectionString | 'embedded' | undefined
  /** The database that the command acts on: a scratch is never there (law 1). */
  readonly target?: { readonly address: Address; readonly protected: boolean } | undefined
  /** The server that the scratch stands for; any version is good where nobody has asked it. */
  readonly like?: Pick<Session, 'kind' | 'server'> | undefined
}

/**
 * Hands `work` a throw-away database that holds the given history. It is, in this order, on the server that
 * the configuration names, on a private server of this machine's PostgreSQL of the target's major version, or
 * embedded. A replayed history is kept for the next time, by its content. `upcoming` is what `work` will run,
 * so that the scratch carries the extensions it needs. Law 1 holds by construction: the database is made here.
 */
export async function withScratch<T>(
  options: ScratchOptions,
  history: readonly ReplayMigration[],
  work: (session: Session) => Promise<T>,
  upcoming: readonly ReplayMigration[] = [],
): Promise<T> {
  const { named } = options
  if (named !== undefined && named !== 'embedded') {
    refuseTarget(named, options)
    const found = await withScratchOn(
      {
        admin: { kind: 'postgres', url: named },
        address: (name) => databaseOn(named, name),
        owned: false,
      },
      { options, history, upcoming, work },
    )
    return must(found, 'a scratch on the server that the configuration names').value
  }
  const local = await onLocalServer(options, { history, upcoming, work })
  return local ? local.value : await withEmbeddedScratch(options, history, work, upcoming)
}

/** A request whose scratches are to be like the server of a session: its major version, or embedded as it is. */
export function scratchLike<R extends { readonly scratch: ScratchOptions }>(
  request: R,
  session: Session,
): R {
  return { ...request, scratch: { ...request.scratch, like: session } }
}

interface Task<T> {
  readonly history: readonly ReplayMigration[]
  readonly upcoming: readonly ReplayMigration[]
  readonly work: (session: Session) => Promise<T>
}

async function onLocalServer<T>(
  options: ScratchOptions,
  task: Task<T>,
): Promise<{ readonly value: T } | undefined> {
  const { named, like, cacheDir } = options
  const texts = [...task.history, ...task.upcoming].map(({ sql }) => sql)
  if (named === 'embedded' || like?.kind === 'embedded' || needsServerOfItsOwn(texts))
    return undefined
  const programs = await serverPrograms(process.env, like && majorOf(like.server))
  if (programs === undefined) return undefined
  const found = await withLocalServer(programs, cacheDir, async ({ address }) =>
    withScratchOn({ admin: address('postgres'), address, owned: true }, { options, ...task }),
  )
  return found?.value
}

function majorOf({ versionNumber }: ServerInfo): number {
  return Math.floor(versionNumber / 10_000)
}

/** Law 1: a scratch is never the target, nor on the server of one that is protected. */
function refuseTarget(named: ConnectionString, { target }: ScratchOptions): void {
  if (target?.address.kind !== 'postgres') return
  const [scratch, real] = [locate(named), locate(target.address.url)]
  const sameServer = scratch.port === real.port && hostName(scratch.host) === hostName(real.host)
  if (!sameServer || (scratch.database !== real.database && !target.protected)) return
  raise('REHEARSAL.SCRATCH_IS_TARGET', {
    message: `The scratch server of the configuration is that of the target, ${real.database}.`,
    why: 'A scratch is filled, changed and dropped: it must have nothing to do with the target.',
    nextActions: [advice('Name another server as scratch in slipway.config.ts, or none.')],
  })
}

function hostName(host: string): string {
  return host === '::1' || host.startsWith('127.') || host.startsWith('/') ? 'localhost' : host
}

function databaseOn(server: ConnectionString, database: string): Address {
  return { kind: 'postgres', url: server.withDatabase(database) }
}
