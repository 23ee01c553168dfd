import { dialectOf, quoteIdentifier, type Session } from '../database/index.ts'
import { runOnShadow, type ShadowRefusal } from '../execution/index.ts'
import {
  advice,
  command,
  type NextAction,
  type Place,
  rethrow,
  type ServerError,
} from '../kernel/index.ts'
import {
  placeAt,
  type Migration,
  type MigrationFile,
  parseMigration,
  parserFor,
} from '../statements/index.ts'
import { raise } from './failures.ts'

/** Creates the state before the history: the default schema of the session, and the objects of `initShadowDb`. */
export async function begin(session: Session, initScript = ''): Promise<void> {
  const { schema } = session.server
  if (schema !== 'public') await session.execute(`CREATE SCHEMA ${quoteIdentifier(schema)}`)
  if (initScript !== '') await replay(session, [{ name: 'initShadowDb', sql: initScript }])
}

/** Runs migrations on a shadow database, one after the other, as a deploy would. Fails like `raiseReplayFailure`. */
export async function replay(session: Session, files: readonly MigrationFile[]): Promise<void> {
  const parser = await parserFor(dialectOf(session))
  for (const file of files) {
    const migration = parseMigration(file, parser)
    const refusal = await runOnShadow(session, { migration })
    if (refusal) raiseRefusal(migration, refusal)
  }
}

/** Raises what stopped a migration on a shadow database, with its place in the file. */
export function raiseRefusal(
  migration: Migration,
  { failure, error, group, statement, index = statement?.start }: ShadowRefusal,
): never {
  const { server } = failure
  if (server === undefined) return rethrow(failure, error)
  const at = index ?? group.statements.at(-1)?.start
  const where = at === undefined ? undefined : placeAt(migration.sql, at, migration.path)
  return raiseReplayFailure(migration, { server, where, cause: error })
}

/** Fails with SHADOW.REPLAY_FAILED, or with SHADOW.EXTENSION_UNAVAILABLE if that is the reason. */
function raiseReplayFailure(
  migration: Pick<MigrationFile, 'name'>,
  refusal: {
    readonly server: ServerError
    readonly where: Place | undefined
    readonly cause: unknown
  },
): never {
  const { server, where, cause } = refusal
  if (server.missing?.kind === 'extension') {
    raise('SHADOW.EXTENSION_UNAVAILABLE', {
      message: `The shadow database lacks the extension ${server.missing.name}, which ${migration.name} needs.`,
      why: 'A shadow database must be able to run the whole history.',
      nextActions: [
        advice('Create a substitute in initShadowDb of prisma.config.ts.'),
        advice(
          "Or name a server that has it in slipway.config.ts: shadow: 'env:SHADOW_SERVER_URL'.",
        ),
      ],
      server,
      cause,
    })
  }
  raise('SHADOW.REPLAY_FAILED', {
    message: `${migration.name} fails on a shadow database that has only the migrations before it.`,
    why: `${server.message}.`,
    nextActions: [
      ...initShadowAdvice(server),
      ...rightsAdvice(server),
      command(['status'], 'see which migrations the target has'),
    ],
    server,
    ...(where === undefined ? {} : { where }),
    cause,
  })
}

/** Advice for an object that no earlier migration creates; a platform may create it, such as `auth.users`. */
function initShadowAdvice({ sqlstate, missing }: ServerError): NextAction[] {
  if (!MISSING.has(sqlstate)) return []
  const name = missing?.name ?? ''
  const schema = missing?.kind === 'schema' ? name : name.split('.').slice(0, -1).join('.')
  const sql = [
    ...(schema === '' ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};`]),
    missing?.kind === 'table'
      ? `CREATE TABLE ${name} (id uuid PRIMARY KEY);`
      : 'CREATE …; -- what the migrations name',
  ]
  return [
    advice(
      `If your platform, or something else outside the migrations, creates it, put its SQL into prisma.config.ts: migrations: { initShadowDb: \`${sql.join(' ')}\` }`,
    ),
  ]
}

/** A schema, table, function or other object that does not exist. */
const MISSING = new Set(['3F000', '42P01', '42883', '42704'])

function rightsAdvice({ sqlstate }: ServerError): NextAction[] {
  if (sqlstate !== '42501') return []
  return [
    advice(
      "If it needs a superuser: set shadow: 'embedded' in slipway.config.ts, or name a server there. SQL under test has no such privileges on a private server.",
    ),
  ]
}
