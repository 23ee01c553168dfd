import path from 'node:path'
import { type Address, isLoopback, LEDGER_SCHEMA, locate } from '../database/index.ts'
import {
  type NextAction,
  advice,
  command,
  must,
  parseDuration,
  suggest,
  formatDuration,
} from '../kernel/index.ts'
import type { BackupConfig, BackupPolicy } from './backup-config.ts'
import {
  type Connection,
  environmentConnection,
  givenConnection,
  NO_CONNECTION,
} from './connection.ts'
import { raise } from './failures.ts'
import { ownersOf } from './owners.ts'
import type { Project, Setting } from './project.ts'
import type { EnvironmentConfig, SlipwayConfig } from './slipway-config.ts'

/** When a deploy makes a backup, and all that is configured about the backups of an environment. */
export interface BackupSettings extends BackupConfig {
  readonly when: BackupPolicy
  /** A backup that is not older serves for a deploy, too; absent: each deploy makes its own. */
  readonly maxAgeMs?: number
}

/** The policy of an environment. */
export interface Policy {
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly deadlineMs: number
  readonly backup: BackupSettings
  /** How long Slipway keeps destroyed data before `slipway kept prune` drops it. */
  readonly keepMs: number
  /** The seed sets that belong there by name; absent if the sets themselves say so. */
  readonly seeds?: readonly string[]
  /** Every deploy needs `--confirm <database>`. */
  readonly confirm: boolean
}

/** The database that a command acts on, and the policy that holds there. */
export interface Target {
  readonly environment: string
  /** The environment that was named, if another has the same database and is stricter. */
  readonly insteadOf?: string
  readonly address: Address
  /** A direct connection, for work that needs one session; absent if the project names none. */
  readonly direct?: Address
  /** Where the address comes from, for people: `DATABASE_URL (.env), named by prisma.config.ts …`. */
  readonly source: string
  /** Nothing is destroyed here without `--confirm <database>` (guarantee 7). */
  readonly protected: boolean
  readonly policy: Policy
  /** The schemas that the project manages: those of the datasource, else `?schema=`, else `public`. */
  readonly schemas: readonly string[]
  /** The variable of the connection string, if it is not set and the embedded database is used instead. */
  readonly unsetVariable?: string
  readonly settings: readonly Setting[]
}

export interface TargetRequest {
  readonly envName?: string | undefined
  readonly urlFlag?: string | undefined
  /** The use case may work without a target: no connection string need be set. */
  readonly unused?: boolean | undefined
}

/** The environments that a project has without a configuration. */
export const USUAL_ENVIRONMENTS: readonly string[] = [
  'development',
  'testing',
  'staging',
  'production',
]
const OPEN_ENVIRONMENTS = new Set(['development', 'testing'])

/**
 * Decides which database is meant, from the project's settings and the request. A database that the configuration
 * gives to an environment has the policy of that environment, even if another one is named; of several, the strictest counts.
 * Any other without a named environment is `development` on this machine, and else `production`. Fails with
 * PROJECT.ENVIRONMENT_UNKNOWN, PROJECT.URL_MISSING, PROJECT.ENV_CONFLICT, DATABASE.URL_INVALID or
 * DATABASE.PROVIDER_UNSUPPORTED.
 */
export async function resolveTarget(
  project: Project,
  request: TargetRequest = {},
): Promise<Target> {
  const named = request.envName ?? project.environment
  if (named !== undefined) refuseUnknown(project, named)
  const chosen = chooseConnection(project, named, request.urlFlag)
  if (!request.unused) refuseUnset(project, named, chosen)
  const { connection, direct } = chosen
  const location = connection.kind === 'set' ? locate(connection.url) : undefined
  const local = [connection, direct].every(isOnThisMachine)
  const { environment, owned } = await chooseEnvironment(project, { named, chosen, local })
  const ledger = ledgerOf(project, environment)
  const runtimePartitions = project.config.drift?.runtimePartitions
  const on = {
    ...(ledger === undefined ? {} : { ledger }),
    ...(runtimePartitions === undefined ? {} : { runtimePartitions }),
  }
  const address = { ...addressOf(project, connection), ...on }
  const policy = readPolicy(project.config, environment)
  const schemas =
    project.schema.schemas.length > 0 ? project.schema.schemas : [location?.schema ?? 'public']
  if (ledger !== undefined && schemas.includes(ledger)) refuseOwnSchema(ledger)
  const source = describeSource(connection)
  const own = project.configured && chosen.own && environment === named
  const open = OPEN_ENVIRONMENTS.has(environment) && (local || own)
  const decided = { address, source, policy, open, named, owned, chosen }
  return {
    environment,
    ...(named === undefined || named === environment ? {} : { insteadOf: named }),
    address,
    ...(direct.kind === 'set' ? { direct: { kind: 'postgres', url: direct.url, ...on } } : {}),
    source,
    protected: !open,
    policy,
    schemas,
    ...(connection.kind === 'unset' ? { unsetVariable: connection.variable } : {}),
    settings: targetSettings(project, environment, decided),
  }
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
    why: 'Prisma would take the tables in it for tables of the project.',
    nextActions: [advice('Name a schema that only Slipway uses.')],
  })
}

function addressOf({ root }: Project, connection: Connection): Address {
  if (connection.kind === 'set') return { kind: 'postgres', url: connection.url }
  return { kind: 'embedded', dataDir: path.join(root, '.slipway', 'database') }
}

/** The embedded database is, too. */
function isOnThisMachine(connection: Connection): boolean {
  return connection.kind !== 'set' || isLoopback(locate(connection.url).host)
}

/** `owned`: the configuration gives it this database. */
async function chooseEnvironment(
  project: Project,
  request: { readonly named: string | undefined; readonly chosen: Chosen; readonly local: boolean },
): Promise<{ readonly environment: string; readonly owned: boolean }> {
  const { named, chosen, local } = request
  const owners = await ownersOf(project, [chosen.connection, chosen.direct])
  const first = named ?? owners[0] ?? (local ? 'development' : 'production')
  const environment = [first, ...owners].reduce((strictest, one) =>
    strictness(project, one) > strictness(project, strictest) ? one : strictest,
  )
  return { environment, owned: owners.includes(environment) }
}

/** Protection weighs more than consent, and consent more than which seeds may run. */
function strictness({ config }: Project, name: string): number {
  const { confirm = false, seeds } = config.environments?.[name] ?? {}
  return (OPEN_ENVIRONMENTS.has(name) ? 0 : 4) + (confirm ? 2 : 0) + (seeds === undefined ? 0 : 1)
}

interface Chosen {
  readonly connection: Connection
  readonly direct: Connection
  /** The environment was given this connection string by name, so its name says what may happen there. */
  readonly own: boolean
}

function chooseConnection(
  project: Project,
  named: string | undefined,
  urlFlag: string | undefined,
): Chosen {
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
  // A direct connection beside no connection at all would lead to another database than the target.
  const ofProject = connection.kind === 'set' ? project.direct : NO_CONNECTION
  const direct = directUrl === undefined ? ofProject : read(directUrl, 'directUrl')
  return { connection, direct, own: false }
}

function refuseUnknown(project: Project, named: string): void {
  const configured = Object.keys(project.config.environments ?? {})
  const hasFile = project.variables.files.some((file) => path.basename(file) === `.env.${named}`)
  // If a team lists its environments, no others exist; `development` always exists.
  const known =
    configured.length > 0 ? [...new Set([...configured, 'development'])] : USUAL_ENVIRONMENTS
  if (known.includes(named) || (configured.length === 0 && hasFile)) return
  const meant = suggest(named, known)
  const next: NextAction[] = meant ? [command(['status', '--env', meant], 'the nearest name')] : []
  raise('PROJECT.ENVIRONMENT_UNKNOWN', {
    message: `There is no environment ${named}.`,
    why: meant ? `Did you mean ${meant}?` : `The environments are ${known.join(', ')}.`,
    nextActions: [...next, advice(`Add environments.${named} to slipway.config.ts.`)],
  })
}

/**
 * The embedded database replaces a missing connection string on a person's machine. With a named
 * environment, or in CI, it must not: a deploy with a forgotten secret would succeed on an empty database.
 */
function refuseUnset(
  project: Project,
  named: string | undefined,
  { connection, own }: Chosen,
): void {
  if (connection.kind === 'set') return
  const elsewhere = named !== undefined && !OPEN_ENVIRONMENTS.has(named)
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

function readPolicy(all: SlipwayConfig, environment: string): Policy {
  const config: EnvironmentConfig = all.environments?.[environment] ?? {}
  const { seeds, deploy = {} } = config
  const duration = (text: string) =>
    must(parseDuration(text), 'duration of a checked configuration')
  return {
    lockTimeoutMs: duration(deploy.lockTimeout ?? '200ms'),
    statementTimeoutMs: duration(deploy.statementTimeout ?? '15min'),
    deadlineMs: duration(deploy.deadline ?? '30min'),
    backup: backupSettings(all, config),
    keepMs: duration(config.keep ?? '7d'),
    ...(seeds === undefined ? {} : { seeds: seedNames(seeds) }),
    confirm: config.confirm ?? false,
  }
}

function backupSettings(all: SlipwayConfig, { backup = {} }: EnvironmentConfig): BackupSettings {
  const own = typeof backup === 'string' ? { when: backup } : backup
  const { when = 'never', maxAge, ...rest } = own
  const maxAgeMs = maxAge === undefined ? undefined : parseDuration(maxAge)
  return { ...all.backup, ...rest, when, ...(maxAgeMs === undefined ? {} : { maxAgeMs }) }
}

/** `none` is not a set. */
function seedNames(seeds: string | readonly string[]): readonly string[] {
  return [seeds].flat().filter((name) => name !== 'none')
}

interface Decided {
  readonly address: Address
  readonly source: string
  readonly policy: Policy
  readonly open: boolean
  readonly named: string | undefined
  readonly owned: boolean
  readonly chosen: Chosen
}

function targetSettings(project: Project, environment: string, decided: Decided): Setting[] {
  const { address, source, policy, chosen } = decided
  const { direct } = chosen
  const deploy = project.config.environments?.[environment]?.deploy ?? {}
  const setBy = (key: keyof typeof deploy) =>
    deploy[key] === undefined ? 'default' : `slipway.config environments.${environment}.deploy`
  const database =
    address.kind === 'postgres' ? String(address.url) : 'embedded, in .slipway/database'
  return [
    {
      name: 'environment',
      value: environment,
      source: environmentSource(environment, decided),
    },
    { name: 'database', value: database, source },
    ...directSetting(direct),
    {
      name: 'protected',
      value: decided.open ? 'no' : 'yes',
      source: 'from the environment and the host',
    },
    {
      name: 'lock timeout',
      value: formatDuration(policy.lockTimeoutMs),
      source: setBy('lockTimeout'),
    },
    {
      name: 'statement timeout',
      value: formatDuration(policy.statementTimeoutMs),
      source: setBy('statementTimeout'),
    },
    { name: 'deadline', value: formatDuration(policy.deadlineMs), source: setBy('deadline') },
    { name: 'backup', value: policy.backup.when, source: 'policy' },
    ledgerSetting(project, environment),
    ...partitionsSetting(project),
  ]
}

function environmentSource(environment: string, { named, owned }: Decided): string {
  if (named === environment) return '--env or SLIPWAY_ENV'
  return owned
    ? `slipway.config environments.${environment} names this database`
    : 'from the host of the database'
}

/** Migrations then go by the connection that the application uses: a pooler in between is refused when it is met. */
function directSetting(direct: Connection): Setting[] {
  if (direct.kind === 'none') return []
  const value = direct.kind === 'set' ? String(direct.url) : `none: ${direct.variable} is not set`
  return [{ name: 'direct connection', value, source: direct.source }]
}
