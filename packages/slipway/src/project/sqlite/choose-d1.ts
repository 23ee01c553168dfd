import path from 'node:path'
import { advice } from '../../kernel/index.ts'
import type { D1Location, EnvironmentD1Config } from '../d1-config.ts'
import { raise } from '../failures.ts'
import type { SlipwayConfig } from '../slipway-config.ts'
import type { D1Binding, WranglerConfig, WranglerEnvironment } from '../wrangler-config.ts'

/**
 * Environments for which the top level of wrangler's configuration may be used; others must be
 * environments there.
 */
const TOP_LEVEL: readonly (string | undefined)[] = [
  undefined,
  'development',
  'testing',
  'production',
]
const LOCAL: readonly (string | undefined)[] = [undefined, 'development', 'testing']

/** The choice of an environment's D1 database. */
export type D1Choice =
  /** Neither wrangler's nor Slipway's configuration mentions D1. */
  | { readonly kind: 'none' }
  /** The configuration is ambiguous, or lacks the database. */
  | {
      readonly kind: 'unclear'
      /** The databases between which the configuration does not decide. */
      readonly candidates: readonly D1Binding[]
      readonly refuse: () => never
    }
  | {
      readonly kind: 'found'
      readonly database: D1Binding
      readonly accountId?: string
      /** For people: `DB of wrangler.jsonc, env.staging`. */
      readonly source: string
    }

/** What determines the D1 database. */
export interface D1Sources {
  readonly root: string
  readonly config: SlipwayConfig
  readonly wrangler?: WranglerConfig | undefined
}

/**
 * Chooses the D1 database of an environment: the one of wrangler's environment with the same name. Only
 * `development`, `testing` and `production` may be wrangler's top level without being named there: if
 * wrangler has no `staging`, `staging` must not use the database of production.
 */
export function chooseD1(sources: D1Sources, name: string | undefined): D1Choice {
  const { root, config, wrangler } = sources
  if (wrangler === undefined) return { kind: 'none' }
  const own = ownConfig(config, name)
  const all = [wrangler, ...Object.values(wrangler.environments)]
  const isOnD1 = all.some(({ databases }) => databases.length > 0)
  if (!isOnD1 && own === undefined && config.d1 === undefined) return { kind: 'none' }
  const file = path.relative(root, wrangler.file)
  const chosen = chooseEnvironment(wrangler, name, own)
  const place = chosen?.name === undefined ? file : `${file}, env.${chosen.name}`
  if (chosen?.environment === undefined) {
    const missing = own?.environment ?? name
    return unclear(() => refuseEnvironment(file, missing ?? ''))
  }
  const { databases, accountId } = chosen.environment
  const binding = own?.binding ?? config.d1?.binding
  const found = databases.filter(
    (one) => binding === undefined || [one.binding, one.databaseName].includes(binding),
  )
  const [database] = found
  if (database === undefined) return unclear(() => refuseNone(place, databases, binding))
  if (found.length > 1) return unclear(() => refuseSeveral(place, found), found)
  return {
    kind: 'found',
    database,
    ...(accountId === undefined ? {} : { accountId }),
    source: `${database.binding} of ${place}`,
  }
}

/** The database that commands use without `--local` and `--remote`. */
export function usualLocation({ config }: D1Sources, name: string | undefined): D1Location {
  return ownConfig(config, name)?.location ?? (LOCAL.includes(name) ? 'local' : 'remote')
}

/**
 * The D1 settings of an environment; without a name, of `development`, while wrangler uses its top level.
 */
function ownConfig(config: SlipwayConfig, name = 'development'): EnvironmentD1Config | undefined {
  return config.environments?.[name]?.d1
}

function chooseEnvironment(
  wrangler: WranglerConfig,
  name: string | undefined,
  own: EnvironmentD1Config | undefined,
): { readonly name?: string; readonly environment?: WranglerEnvironment } | undefined {
  const named = own?.environment ?? name
  if (named !== undefined && Object.hasOwn(wrangler.environments, named)) {
    const environment = wrangler.environments[named]
    return { name: named, ...(environment === undefined ? {} : { environment }) }
  }
  if (own?.environment !== undefined) return undefined
  // An environment's own binding selects a database of the top level.
  return TOP_LEVEL.includes(name) || own?.binding !== undefined
    ? { environment: wrangler }
    : undefined
}

function unclear(refuse: () => never, candidates: readonly D1Binding[] = []): D1Choice {
  return { kind: 'unclear', refuse, candidates }
}

function refuseEnvironment(file: string, name: string): never {
  return raise('PROJECT.D1_NOT_CONFIGURED', {
    message: `${file} has no environment ${name}.`,
    why: 'The top level of the file belongs to a different environment, so Slipway does not use its database.',
    nextActions: [
      { kind: 'edit', path: file, label: `add env.${name} with its d1_databases` },
      advice(`Or name it: environments.${name}.d1.environment of slipway.config.`),
    ],
    where: { file },
  })
}

function refuseNone(
  place: string,
  databases: readonly D1Binding[],
  binding: string | undefined,
): never {
  const [file = ''] = place.split(', ')
  const named = binding === undefined ? '' : ` with the binding ${binding}`
  const why = databases.length > 0 ? `It has ${bindings(databases)}.` : NOT_INHERITED
  return raise('PROJECT.D1_NOT_CONFIGURED', {
    message: `${place} has no D1 database${named}.`,
    why,
    nextActions: [{ kind: 'edit', path: file, label: 'add it to d1_databases' }],
    where: { file },
  })
}

const NOT_INHERITED = 'A wrangler environment does not inherit d1_databases.'

function refuseSeveral(place: string, databases: readonly D1Binding[]): never {
  const [file = ''] = place.split(', ')
  const [first] = databases
  return raise('PROJECT.D1_BINDING_AMBIGUOUS', {
    message: `${place} has several D1 databases: ${bindings(databases)}.`,
    why: 'Slipway does not guess which of them the Prisma schema is for.',
    nextActions: [
      {
        kind: 'edit',
        path: 'slipway.config.ts',
        label: `name the binding: d1: { binding: '${first?.binding ?? 'DB'}' }`,
      },
    ],
    where: { file },
  })
}

function bindings(databases: readonly D1Binding[]): string {
  return databases
    .map(({ binding, databaseName }) =>
      databaseName === undefined ? binding : `${binding} (${databaseName})`,
    )
    .join(', ')
}
