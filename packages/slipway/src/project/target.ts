import path from 'node:path'
import type { Address } from '../database/index.ts'
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
import type { D1Location } from './d1-config.ts'
import { findDatabaseOf } from './dialects.ts'
import { raise } from './failures.ts'
import type { DatabaseInEnvironment, FoundDatabase } from './found-database.ts'
import type { Project, Setting } from './project.ts'
import type { EnvironmentConfig, SlipwayConfig } from './slipway-config.ts'
import { isUnprotectedEnvironment } from './unprotected-environments.ts'

/** When a deploy makes a backup, and all settings for the backups of an environment. */
export interface BackupSettings extends BackupConfig {
  readonly when: BackupPolicy
  /** A deploy also accepts a backup that is not older; if absent, each deploy makes its own. */
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
  /** The names of its seed sets; absent if the sets list their environments. */
  readonly seeds?: readonly string[]
  /** Whether every deploy needs `--confirm <database>`. */
  readonly confirm: boolean
}

/** The database that a command acts on, and the policy for it. */
export interface Target {
  readonly environment: string
  /** The environment that was named, if another has the same database and is stricter. */
  readonly requestedEnvironment?: string
  readonly address: Address
  /** A direct connection, for work that needs one session; absent if the project names none. */
  readonly direct?: Address
  /** Where the address comes from, for people: `DATABASE_URL (.env), named by prisma.config.ts …`. */
  readonly source: string
  /** Nothing is destroyed here without `--confirm <database>` (guarantee 7). */
  readonly protected: boolean
  readonly policy: Policy
  /**
   * The schemas that the project manages: those of the datasource, else `?schema=`, else `public`; `main`
   * on SQLite.
   */
  readonly schemas: readonly string[]
  /** The variable of the connection string, if it is not set and the embedded database is used instead. */
  readonly unsetVariable?: string
  readonly settings: readonly Setting[]
}

export interface TargetRequest {
  readonly envName?: string | undefined
  readonly urlFlag?: string | undefined
  /** The location of the D1 database; that of the project's flags if absent. */
  readonly location?: D1Location | undefined
  /** Whether the use case can work without a target, so that no connection string is required. */
  readonly unused?: boolean | undefined
}

/** The environments that a project has without a configuration. */
export const USUAL_ENVIRONMENTS: readonly string[] = [
  'development',
  'testing',
  'staging',
  'production',
]

/**
 * Selects the database from the project's settings and the request. A database that the configuration
 * gives to an environment has the policy of that environment, even if another one is named; if there are
 * several, the strictest applies. Without a named environment, any other database is `development` on
 * this machine, and `production` elsewhere. Fails with PROJECT.ENVIRONMENT_UNKNOWN, and with the failures
 * of finding the database: see postgres/find-database.ts and sqlite/find-database.ts.
 */
export async function resolveTarget(
  project: Project,
  request: TargetRequest = {},
): Promise<Target> {
  const named = request.envName ?? project.environment
  if (named !== undefined) refuseUnknown(project, named)
  const find = await findDatabaseOf(project.schema.dialect)
  const database = await find(project, {
    named,
    urlFlag: request.urlFlag,
    location: request.location ?? project.location,
    unused: request.unused ?? false,
  })
  const { environment, owned } = chooseEnvironment(project, named, database)
  const { source, local, unsetVariable } = database
  const found = database.in(environment)
  const policy = readPolicy(project.config, environment)
  const own = project.configured && database.own && environment === named
  const unprotected = isUnprotectedEnvironment(environment) && (local || own)
  return {
    environment,
    ...(named === undefined || named === environment ? {} : { requestedEnvironment: named }),
    address: found.address,
    ...(found.direct === undefined ? {} : { direct: found.direct }),
    source,
    protected: !unprotected,
    policy,
    schemas: found.schemas,
    ...(unsetVariable === undefined ? {} : { unsetVariable }),
    settings: targetSettings(project, environment, { found, policy, unprotected, named, owned }),
  }
}

/** Returns the environment, and as `owned` whether the configuration gives it this database. */
function chooseEnvironment(
  project: Project,
  named: string | undefined,
  { owners, local }: FoundDatabase,
): { readonly environment: string; readonly owned: boolean } {
  const first = named ?? owners[0] ?? (local ? 'development' : 'production')
  const environment = [first, ...owners].reduce((strictest, one) =>
    strictness(project, one) > strictness(project, strictest) ? one : strictest,
  )
  return { environment, owned: owners.includes(environment) }
}

/** Protection counts more than consent, and consent more than the choice of seeds. */
function strictness({ config }: Project, name: string): number {
  const { confirm = false, seeds } = config.environments?.[name] ?? {}
  return (
    (isUnprotectedEnvironment(name) ? 0 : 4) + (confirm ? 2 : 0) + (seeds === undefined ? 0 : 1)
  )
}

function refuseUnknown(project: Project, named: string): void {
  const configured = Object.keys(project.config.environments ?? {})
  const hasFile = project.variables.files.some((file) => path.basename(file) === `.env.${named}`)
  // If a team lists its environments, no others exist; `development` always exists.
  const ofWrangler = Object.keys(project.wrangler?.environments ?? {})
  const known = new Set(
    configured.length > 0 ? [...configured, 'development'] : [...USUAL_ENVIRONMENTS, ...ofWrangler],
  )
  if (known.has(named) || (configured.length === 0 && hasFile)) return
  const meant = suggest(named, [...known])
  const next: NextAction[] = meant ? [command(['status', '--env', meant], 'the nearest name')] : []
  raise('PROJECT.ENVIRONMENT_UNKNOWN', {
    message: `There is no environment ${named}.`,
    why: meant ? `Did you mean ${meant}?` : `The environments are ${[...known].join(', ')}.`,
    nextActions: [...next, advice(`Add environments.${named} to slipway.config.ts.`)],
  })
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

/** The names without `none`, which is not a set. */
function seedNames(seeds: string | readonly string[]): readonly string[] {
  return [seeds].flat().filter((name) => name !== 'none')
}

interface TargetDecision {
  readonly found: DatabaseInEnvironment
  readonly policy: Policy
  readonly unprotected: boolean
  readonly named: string | undefined
  readonly owned: boolean
}

function targetSettings(project: Project, environment: string, decided: TargetDecision): Setting[] {
  const { found, policy } = decided
  const deploy = project.config.environments?.[environment]?.deploy ?? {}
  const setBy = (key: keyof typeof deploy) =>
    deploy[key] === undefined ? 'default' : `slipway.config environments.${environment}.deploy`
  return [
    {
      name: 'environment',
      value: environment,
      source: environmentSource(environment, decided),
    },
    ...found.place,
    {
      name: 'protected',
      value: decided.unprotected ? 'no' : 'yes',
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
    ...found.more,
  ]
}

function environmentSource(environment: string, { named, owned }: TargetDecision): string {
  if (named === environment) return '--env or SLIPWAY_ENV'
  return owned
    ? `slipway.config environments.${environment} names this database`
    : 'from the host of the database'
}
