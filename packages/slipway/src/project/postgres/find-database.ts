import path from 'node:path'
import { type Address, isLoopback, LEDGER_SCHEMA, locate } from '../../database/index.ts'
import { advice, command } from '../../kernel/index.ts'
import {
  type Connection,
  environmentConnection,
  givenConnection,
  NO_CONNECTION,
} from '../connection.ts'
import { raise } from '../failures.ts'
import type { DatabaseRequest, FoundDatabase } from '../found-database.ts'
import { ownersOf } from '../owners.ts'
import type { Project, Setting } from '../project.ts'
import { isUnprotectedEnvironment } from '../unprotected-environments.ts'

/**
 * Finds the selected PostgreSQL database, or the embedded one. Fails with PROJECT.URL_MISSING,
 * PROJECT.ENV_CONFLICT, PROJECT.D1_PROVIDER, DATABASE.URL_INVALID or DATABASE.PROVIDER_UNSUPPORTED.
 */
export async function findPostgres(
  project: Project,
  request: DatabaseRequest,
): Promise<FoundDatabase> {
  const { named, unused } = request
  if (request.location !== undefined) refuseLocation(project, request.location)
  const chosen = chooseConnection(project, request)
  const { connection, direct, own } = chosen
  if (!unused) refuseUnset(project, named, chosen)
  const schema = connection.kind === 'set' ? locate(connection.url).schema : undefined
  return {
    source: describeSource(connection),
    local: [connection, direct].every(isOnThisMachine),
    own,
    owners: await ownersOf(project, [connection, direct]),
    ...(connection.kind === 'unset' ? { unsetVariable: connection.variable } : {}),
    in(environment) {
      const ledger = ledgerOf(project, environment)
      const runtimePartitions = project.config.drift?.runtimePartitions
      const on = {
        ...(ledger === undefined ? {} : { ledger }),
        ...(runtimePartitions === undefined ? {} : { runtimePartitions }),
      }
      const schemas =
        project.schema.schemas.length > 0 ? project.schema.schemas : [schema ?? 'public']
      if (ledger !== undefined && schemas.includes(ledger)) refuseOwnSchema(ledger)
      return {
        address: { ...addressOf(project, connection), ...on },
        ...(direct.kind === 'set' ? { direct: { kind: 'postgres', url: direct.url, ...on } } : {}),
        schemas,
        place: [databaseSetting(connection), ...directSetting(direct)],
        more: [ledgerSetting(project, environment), ...partitionsSetting(project)],
      }
    },
  }
}

function refuseLocation({ schema }: Project, location: string): never {
  return raise('PROJECT.D1_PROVIDER', {
    message: `--${location} means a database on Cloudflare D1, but the schema has provider = "${schema.provider}".`,
    why: 'D1 is SQLite.',
    nextActions: [
      advice(`Omit --${location}, or name a different schema with --schema.`),
      advice('A schema for D1 has provider = "sqlite".'),
    ],
  })
}

/** The schema of the ledger, if the configuration names one. */
function ledgerOf({ config }: Project, environment: string): string | undefined {
  return config.environments?.[environment]?.ledger?.schema ?? config.ledger?.schema
}

function ledgerSetting(project: Project, environment: string): Setting {
  const value = ledgerOf(project, environment)
  const own = project.config.environments?.[environment]?.ledger?.schema !== undefined
  const key = own ? `environments.${environment}.ledger` : 'ledger'
  return {
    name: 'ledger',
    value: value ?? LEDGER_SCHEMA,
    source: value === undefined ? 'default' : `slipway.config ${key}`,
  }
}

function partitionsSetting({ config }: Project): Setting[] {
  const tables = config.drift?.runtimePartitions ?? []
  if (tables.length === 0) return []
  const source = 'slipway.config drift.runtimePartitions'
  return [{ name: 'partitions that are not compared', value: `of ${tables.join(', ')}`, source }]
}

function refuseOwnSchema(ledger: string): never {
  raise('PROJECT.CONFIG_INVALID', {
    message: `ledger of slipway.config names the schema ${ledger}, which belongs to the project.`,
    why: 'Prisma would treat its tables as tables of the project.',
    nextActions: [advice('Name a schema that only Slipway uses.')],
  })
}

function addressOf({ root }: Project, connection: Connection): Address {
  if (connection.kind === 'set') return { kind: 'postgres', url: connection.url }
  return { kind: 'embedded', dataDir: path.join(root, '.slipway', 'database') }
}

/** True for the embedded database, too. */
function isOnThisMachine(connection: Connection): boolean {
  return connection.kind !== 'set' || isLoopback(locate(connection.url).host)
}

interface Chosen {
  readonly connection: Connection
  readonly direct: Connection
  /**
   * Whether the configuration gives this connection string to the named environment, so that its policy
   * applies.
   */
  readonly own: boolean
}

function chooseConnection(project: Project, { named, urlFlag }: DatabaseRequest): Chosen {
  const given = urlFlag === undefined ? project.given : givenConnection(urlFlag, '--url')
  if (given.kind !== 'none') return { connection: given, direct: NO_CONNECTION, own: false }
  const name = named ?? 'development'
  const { url, directUrl } = project.config.environments?.[name] ?? {}
  const read = (text: string | undefined, key: string) =>
    environmentConnection(text, project.variables, `slipway.config environments.${name}.${key}`)
  if (url !== undefined) {
    return { connection: read(url, 'url'), direct: read(directUrl, 'directUrl'), own: true }
  }
  const { connection } = project
  // A direct connection without any other connection would lead to a database that is not the target.
  const ofProject = connection.kind === 'set' ? project.direct : NO_CONNECTION
  const direct = directUrl === undefined ? ofProject : read(directUrl, 'directUrl')
  return { connection, direct, own: false }
}

/**
 * The embedded database replaces a missing connection string on a person's machine. In a protected
 * environment, in one with its own `url`, and in CI if the variable of the connection string is not set, it
 * must not: a deploy with a forgotten secret would succeed on an empty database.
 */
function refuseUnset(
  project: Project,
  named: string | undefined,
  { connection, own }: Chosen,
): void {
  if (connection.kind === 'set') return
  const elsewhere = named !== undefined && !isUnprotectedEnvironment(named)
  const inCi = connection.kind === 'unset' && isTrue(project.variables.get('CI')?.value)
  if (!elsewhere && !own && !inCi) return
  const environment = named ?? 'this run'
  const variable = connection.kind === 'unset' ? connection.variable : 'DATABASE_URL'
  raise('PROJECT.URL_MISSING', {
    message: `There is no connection string for ${environment}: ${variable} is not set.`,
    why:
      connection.kind === 'unset'
        ? `${connection.source} names it.`
        : 'No setting names a database.',
    nextActions: [
      advice(`Set ${variable} in the shell${named === undefined ? '' : ` or in .env.${named}`}.`),
      command(['doctor'], 'see each setting and where it comes from'),
    ],
  })
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value)
}

function describeSource(connection: Connection): string {
  if (connection.kind === 'set') return connection.source
  if (connection.kind === 'none') return 'default: no connection string is set'
  return `default: ${connection.variable} is not set`
}

function databaseSetting(connection: Connection): Setting {
  const value =
    connection.kind === 'set' ? String(connection.url) : 'embedded, in .slipway/database'
  return { name: 'database', value, source: describeSource(connection) }
}

/**
 * The direct connection, if configured. Without one, migrations use the application's connection, and a
 * pooler in between is refused when it is detected.
 */
function directSetting(direct: Connection): Setting[] {
  if (direct.kind === 'none') return []
  const value = direct.kind === 'set' ? String(direct.url) : `none: ${direct.variable} is not set`
  return [{ name: 'direct connection', value, source: direct.source }]
}
