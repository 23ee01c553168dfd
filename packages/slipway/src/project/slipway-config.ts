import path from 'node:path'
import { advice, checkExported, type Mismatch, type NextAction, suggest } from '../kernel/index.ts'
import type { BackupConfig, BackupPolicy, EnvironmentBackupConfig } from './backup-config.ts'
import { loadConfigurationModule, type LoadOptions } from './configuration-module.ts'
import type { D1Config, EnvironmentD1Config } from './d1-config.ts'
import { raise } from './failures.ts'

/** The settings of `slipway.config.ts`. None is required. */
export interface SlipwayConfig {
  /** Targets by name, each with its policy. */
  readonly environments?: Readonly<Record<string, EnvironmentConfig>>
  /**
   * Where Slipway creates shadow databases: the connection string of a server on which it may create them
   * (`env:NAME` reads a variable), or `embedded`. Absent: a private server of this machine's
   * PostgreSQL, otherwise the embedded database.
   */
  readonly shadow?: string
  /** How long the SQL of one transaction may run on a shadow database; `5min` if absent. */
  readonly shadowTimeout?: Duration
  /** Where Slipway keeps its own tables on each target whose environment does not set it. */
  readonly ledger?: LedgerConfig
  /** Differences that are not drift. */
  readonly drift?: DriftConfig
  /** Backups of all environments. */
  readonly backup?: BackupConfig
  /**
   * The database on Cloudflare D1, for a SQLite schema. Without it, Slipway reads the nearest wrangler
   * configuration.
   */
  readonly d1?: D1Config
  /** A file with your own hazard rules, in addition to the built-in ones. */
  readonly rules?: string
}

/** One environment. */
export interface EnvironmentConfig {
  /** Connection string: `env:NAME` reads a variable, anything else is used literally. */
  readonly url?: string
  /** A direct connection that avoids a transaction pooler, for deploys and rollbacks. */
  readonly directUrl?: string
  /** When a deploy makes a backup first; as an object, also where the backups are stored. */
  readonly backup?: BackupPolicy | EnvironmentBackupConfig
  /** How long Slipway keeps destroyed data before `slipway kept prune` drops it; `7d` if absent. */
  readonly keep?: Duration
  /** Names of the seed sets of the environment, or `none`; if absent, the sets list their environments. */
  readonly seeds?: string | readonly string[]
  /** Requires `--confirm <database>` for each deploy, even if it destroys nothing. */
  readonly confirm?: boolean
  readonly deploy?: DeployConfig
  /** Absent: `ledger` of the whole configuration. */
  readonly ledger?: LedgerConfig
  /** Its database on Cloudflare D1. */
  readonly d1?: EnvironmentD1Config
}

/** Where Slipway keeps its own tables. */
export interface LedgerConfig {
  /**
   * A schema that contains no other objects; `slipway` if absent. All projects of a database name the
   * same one.
   */
  readonly schema?: SchemaName
}

/** Parts of a target that may differ from its history. */
export interface DriftConfig {
  /**
   * Partitioned tables whose partitions change at run time, because pg_partman or the application creates
   * and drops them: `events` in the default schema, or `billing.events`, without quotes. Their partitions
   * are not compared.
   */
  readonly runtimePartitions?: readonly string[]
}

/**
 * A name that needs no quotes in SQL.
 *
 * @title the name of a schema of lower-case letters, digits and _
 * @pattern ^(?!pg_)[a-z_][a-z0-9_]{0,62}$
 */
export type SchemaName = string

/**
 * A number with a unit: `ms`, `s`, `min`, `h` or `d`.
 *
 * @title a duration such as '200ms', '5s' or '15min'
 * @pattern ^\s*\d+(\.\d+)?\s*(ms|s|min|h|d)\s*$
 */
export type Duration = string

/** The limits of a deploy. */
export interface DeployConfig {
  /** Longest wait for a lock in one attempt; `200ms` if absent. */
  readonly lockTimeout?: Duration
  /** Longest run of one statement; `15min` if absent. */
  readonly statementTimeout?: Duration
  /** Longest run of the whole command, with all attempts; `30min` if absent. */
  readonly deadline?: Duration
}

/** Gives a `slipway.config.ts` its types; returns its argument. */
export function defineConfig(config: SlipwayConfig): SlipwayConfig {
  return config
}

/**
 * Runs and checks a slipway.config file. Fails with PROJECT.CONFIG_INVALID or PROJECT.CONFIG_UNKNOWN_KEY.
 */
export async function readSlipwayConfig(
  file: string,
  { root, ...options }: Pick<LoadOptions, 'environment' | 'signal'> & { readonly root: string },
): Promise<SlipwayConfig> {
  const shown = path.relative(root, file)
  const { exported } = await loadConfigurationModule({ file, shown, ...options })
  const checked = await checkExported<SlipwayConfig>(
    exported,
    () => import('./config.schema.json', { with: { type: 'json' } }),
  )
  return 'value' in checked ? checked.value : refuse(shown, checked.mismatch)
}

function refuse(shown: string, mismatch: Mismatch): never {
  if (mismatch.kind === 'unknown-key') return refuseKey(shown, mismatch)
  const { at, expected } = mismatch
  return raise('PROJECT.CONFIG_INVALID', {
    message: `${shown} cannot be used.`,
    why: at === '' ? `It must export ${expected}.` : `${at} must be ${expected}.`,
    nextActions: [advice(`Correct ${shown}.`)],
    where: { file: shown },
  })
}

function refuseKey(shown: string, { at, key, known }: Mismatch & { kind: 'unknown-key' }): never {
  const meant = suggest(key, known)
  const next: NextAction = meant
    ? { kind: 'edit', path: shown, label: `write ${meant} instead of ${key}` }
    : { kind: 'edit', path: shown, label: `remove ${key}; the known keys are ${known.join(', ')}` }
  return raise('PROJECT.CONFIG_UNKNOWN_KEY', {
    message: `${shown} has an unknown key${at === '' ? '' : ` in ${at}`}: ${key}.`,
    why: meant
      ? `Did you mean ${meant}?`
      : 'Slipway does not ignore unknown keys, because you might rely on a setting that has no effect.',
    nextActions: [next],
    where: { file: shown },
  })
}
