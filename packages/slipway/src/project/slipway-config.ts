import path from 'node:path'
import { type NextAction, advice, parseDuration, suggest } from '../kernel/index.ts'
import { loadConfigurationModule } from './configuration-module.ts'
import { raise } from './failures.ts'

/** The settings of `slipway.config.ts`. None is required. */
export interface SlipwayConfig {
  /** Targets by name, each with its policy. */
  readonly environments?: Readonly<Record<string, EnvironmentConfig>>
  /**
   * Where Slipway creates shadow databases: the connection string of a server on which it may create them
   * (`env:NAME` reads a variable), or `embedded`. Absent: a private server of this machine's
   * PostgreSQL, else the embedded database.
   */
  readonly shadow?: string
  /** A file with hazard rules of the team, in addition to those of Slipway. */
  readonly rules?: string
}

/** One environment. */
export interface EnvironmentConfig {
  /** Connection string: `env:NAME` reads a variable, anything else is taken literally. */
  readonly url?: string
  /** A direct connection that avoids a transaction pooler, for deploys and rollbacks. */
  readonly directUrl?: string
  /** When a deploy makes a backup first; `never` if absent. */
  readonly backup?: BackupPolicy
  /** How long Slipway keeps destroyed data before `slipway kept prune` drops it; `7d` if absent. */
  readonly keep?: string
  /** Names of the seed sets that belong there, or `none`; if absent, the sets name their environments. */
  readonly seeds?: string | readonly string[]
  /** Requires `--confirm <database>` for each deploy, even if it destroys nothing. */
  readonly confirm?: boolean
  readonly deploy?: DeployConfig
}

/** When a deploy of an environment makes a backup. */
export type BackupPolicy = 'before-deploy' | 'never'

/** Durations as people write them: `200ms`, `15min`. */
export interface DeployConfig {
  /** Longest wait for a lock in one attempt; `200ms` if absent. */
  readonly lockTimeout?: string
  /** Longest run of one statement; `15min` if absent. */
  readonly statementTimeout?: string
  /** Longest run of the whole command, with all attempts; `30min` if absent. */
  readonly deadline?: string
}

/** Gives a `slipway.config.ts` its types; returns what it is given. */
export function defineConfig(config: SlipwayConfig): SlipwayConfig {
  return config
}

/** Runs and checks a slipway.config file: PROJECT.CONFIG_INVALID, PROJECT.CONFIG_UNKNOWN_KEY. */
export async function readSlipwayConfig(
  file: string,
  root: string,
  environment: Readonly<Record<string, string>>,
): Promise<SlipwayConfig> {
  const shown = path.relative(root, file)
  const { exported } = await loadConfigurationModule({ file, shown, environment })
  check(exported, CONFIG, { shown, at: '' })
  return exported as SlipwayConfig
}

/** What a value must be. A table instead of a library, because it loads faster. */
type Shape =
  | { readonly kind: 'text' }
  | { readonly kind: 'texts' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'duration' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'named'; readonly each: Shape }
  | { readonly kind: 'object'; readonly keys: Readonly<Record<string, Shape>> }

const DEPLOY = {
  lockTimeout: { kind: 'duration' },
  statementTimeout: { kind: 'duration' },
  deadline: { kind: 'duration' },
} satisfies Record<keyof DeployConfig, Shape>

const ENVIRONMENT = {
  url: { kind: 'text' },
  directUrl: { kind: 'text' },
  backup: { kind: 'choice', of: ['before-deploy', 'never'] },
  keep: { kind: 'duration' },
  seeds: { kind: 'texts' },
  confirm: { kind: 'boolean' },
  deploy: { kind: 'object', keys: DEPLOY },
} satisfies Record<keyof EnvironmentConfig, Shape>

const CONFIG: Shape = {
  kind: 'object',
  keys: {
    shadow: { kind: 'text' },
    rules: { kind: 'text' },
    environments: { kind: 'named', each: { kind: 'object', keys: ENVIRONMENT } },
  } satisfies Record<keyof SlipwayConfig, Shape>,
}

interface Spot {
  readonly shown: string
  /** Dotted path of the value: `environments.production.deploy`. */
  readonly at: string
}

function check(value: unknown, shape: Shape, spot: Spot): void {
  switch (shape.kind) {
    case 'object':
    case 'named':
      return checkKeys(value, shape, spot)
    case 'text':
      return expect(typeof value === 'string', spot, 'a string')
    case 'texts': {
      const list: unknown[] = Array.isArray(value) ? value : [value]
      return expect(
        list.every((item) => typeof item === 'string'),
        spot,
        'a string or a list of strings',
      )
    }
    case 'boolean':
      return expect(typeof value === 'boolean', spot, 'true or false')
    case 'choice':
      return expect(
        shape.of.includes(value as string),
        spot,
        shape.of.map((item) => `'${item}'`).join(' or '),
      )
    case 'duration': {
      const known = typeof value === 'string' && parseDuration(value) !== undefined
      return expect(known, spot, "a duration such as '200ms', '5s' or '15min'")
    }
  }
}

function checkKeys(value: unknown, shape: Shape & { kind: 'object' | 'named' }, spot: Spot): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return expect(false, spot, 'an object')
  }
  for (const [key, inner] of Object.entries(value)) {
    const at = spot.at === '' ? key : `${spot.at}.${key}`
    const innerShape = shape.kind === 'named' ? shape.each : shape.keys[key]
    if (innerShape === undefined)
      refuseKey(key, Object.keys(shape.kind === 'object' ? shape.keys : {}), spot)
    else if (inner !== undefined) check(inner, innerShape, { shown: spot.shown, at })
  }
}

function refuseKey(key: string, known: readonly string[], spot: Spot): never {
  const meant = suggest(key, known)
  const next: NextAction = meant
    ? { kind: 'edit', path: spot.shown, label: `write ${meant} instead of ${key}` }
    : {
        kind: 'edit',
        path: spot.shown,
        label: `remove ${key}; the known keys are ${known.join(', ')}`,
      }
  return raise('PROJECT.CONFIG_UNKNOWN_KEY', {
    message: `${spot.shown} has an unknown key${spot.at === '' ? '' : ` in ${spot.at}`}: ${key}.`,
    why: meant
      ? `Did you mean ${meant}?`
      : 'Slipway ignores no key, because you might rely on a setting without effect.',
    nextActions: [next],
    where: { file: spot.shown },
  })
}

function expect(holds: boolean, spot: Spot, wanted: string): void {
  if (holds) return
  raise('PROJECT.CONFIG_INVALID', {
    message: `${spot.shown} cannot be used.`,
    why: spot.at === '' ? `It must export ${wanted}.` : `${spot.at} must be ${wanted}.`,
    nextActions: [advice(`Correct ${spot.shown}.`)],
    where: { file: spot.shown },
  })
}
