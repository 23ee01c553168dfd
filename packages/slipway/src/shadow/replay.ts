import { quoteIdentifier, type Session } from '../database/index.ts'
import { advice, command, failureOf, type Place, type ServerError } from '../kernel/index.ts'
import {
  indexOfCharacter,
  loadParser,
  parseStatements,
  placeAt,
  transactionGroupsOf,
} from '../statements/index.ts'
import { raise } from './failures.ts'

/** A migration to be replayed. */
export interface ReplayMigration {
  readonly name: string
  readonly sql: string
  /** Path of the file, for messages. */
  readonly path?: string
}

/** Makes what stands before the history: the default schema of the session, and what `initShadowDb` makes. */
export async function begin(session: Session, initScript = ''): Promise<void> {
  const { schema } = session.server
  if (schema !== 'public') await session.execute(`CREATE SCHEMA ${quoteIdentifier(schema)}`)
  if (initScript !== '') await session.execute(initScript)
}

/** Runs migrations on a shadow database, one after the other, as a deploy would. */
export async function replay(
  session: Session,
  migrations: readonly ReplayMigration[],
): Promise<void> {
  for (const migration of migrations) await replayOne(session, migration)
}

async function replayOne(session: Session, migration: ReplayMigration): Promise<void> {
  for (const part of await partsOf(migration)) await runPart(session, migration, part, new Set())
}

interface Part {
  readonly sql: string
  readonly offset: number
}

async function partsOf({ sql, path }: ReplayMigration): Promise<Part[]> {
  await loadParser()
  return transactionGroupsOf(sql, parseStatements(sql, path)).filter((group) => !group.rolledBack)
}

/** Runs a part; a role that it names and the shadow database lacks is made, for roles belong to servers, not histories. */
async function runPart(
  session: Session,
  migration: ReplayMigration,
  part: Part,
  made: Set<string>,
): Promise<void> {
  try {
    await session.execute(part.sql)
  } catch (error) {
    const server = failureOf(error)?.server
    if (!server) throw error
    const role = missingRole(server)
    if (role === undefined || made.has(role)) {
      const where = await placeOf(migration, part, server)
      raiseReplayFailure(migration, { server, where, cause: error })
    }
    await session.execute(`CREATE ROLE ${quoteIdentifier(role)}`)
    await runPart(session, migration, part, made.add(role))
  }
}

/** The role that a statement names and the server lacks, where it was refused for that. */
export function missingRole(server: ServerError | undefined): string | undefined {
  if (server?.sqlstate !== '42704') return undefined
  return /^role "(.+)" does not exist$/.exec(server.message)?.[1]
}

/** Fails with SHADOW.REPLAY_FAILED, or with SHADOW.EXTENSION_UNAVAILABLE where that is the reason. */
export function raiseReplayFailure(
  migration: ReplayMigration,
  refusal: {
    readonly server: ServerError
    readonly where: Place | undefined
    readonly cause: unknown
  },
): never {
  const { server, where, cause } = refusal
  const extension = /^extension "(.+)" is not available$/.exec(server.message)?.[1]
  if (extension !== undefined) {
    raise('SHADOW.EXTENSION_UNAVAILABLE', {
      message: `The shadow database does not carry the extension ${extension}, which ${migration.name} needs.`,
      why: 'A shadow database must be able to run the whole history.',
      nextActions: [
        advice('Guard it in initShadowDb of prisma.config.ts, or create a stand-in there.'),
      ],
      server,
      cause,
    })
  }
  raise('SHADOW.REPLAY_FAILED', {
    message: `${migration.name} fails on an empty shadow database that holds the history before it.`,
    why: `${server.message}.`,
    nextActions: [command(['status'], 'see which migrations the target has')],
    server,
    ...(where === undefined ? {} : { where }),
    cause,
  })
}

/** The character that the server names, else the statement that it was at. */
async function placeOf(
  { sql, path }: ReplayMigration,
  part: Part,
  { position, completed = 0 }: ServerError,
): Promise<Place | undefined> {
  if (position !== undefined)
    return placeAt(sql, part.offset + indexOfCharacter(part.sql, position), path)
  await loadParser()
  const statement = parseStatements(part.sql)[completed]
  return statement && placeAt(sql, part.offset + statement.start, path)
}
