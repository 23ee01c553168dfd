import { readFileSync } from 'node:fs'
import path from 'node:path'
import { advice } from '../kernel/index.ts'
import { loadConfigurationModule, unsetText } from './configuration-module.ts'
import { raise } from './failures.ts'
import { isPrisma8Config, refusePrisma8 } from './prisma-8.ts'
import { type Variables, withChanges } from './variables.ts'

/** The settings of a prisma.config of Prisma 6 or 7; paths are absolute. */
export interface PrismaConfig {
  readonly schema?: string
  readonly migrations?: string
  readonly initShadowDb?: string
  /**
   * The folder to which the file of a SQLite `url` is relative; if absent, that of the file with the
   * datasource.
   */
  readonly fileBase?: string
  readonly url?: string
  readonly directUrl?: string
  readonly shadowDatabaseUrl?: string
  readonly externalTables: readonly string[]
  readonly externalEnums: readonly string[]
}

/**
 * Runs a prisma.config file. Fails with PROJECT.CONFIG_INVALID, or PROJECT.PRISMA_8 if it is for that
 * version. Variables that it sets are part of the returned environment.
 */
export async function readPrismaConfig(
  file: string,
  {
    root,
    variables,
    signal,
  }: {
    readonly root: string
    readonly variables: Variables
    readonly signal: AbortSignal | undefined
  },
): Promise<{ config: PrismaConfig; variables: Variables }> {
  const shown = path.relative(root, file)
  const source = readFileSync(file, 'utf8')
  if (isPrisma8Config(source)) refusePrisma8(shown)
  const environment = variables.all()
  const loaded = await loadConfigurationModule({ file, shown, environment, signal })
  const config = readExport(loaded.exported, path.dirname(file), shown)
  const unset = config.url === undefined ? variableBehindUrl(loaded.exported, source) : undefined
  const withUrl = unset === undefined ? config : { ...config, url: unsetText(unset) }
  return { config: withUrl, variables: withChanges(variables, loaded.environment, shown) }
}

function readExport(exported: unknown, folder: string, shown: string): PrismaConfig {
  const root = recordOf(exported) ?? refuse(shown, 'It exports no configuration.')
  const text = (section: string, key: string): string | undefined => {
    const value = section === '' ? root[key] : recordOf(root[section])?.[key]
    if (value === undefined || value === '' || value === null) return undefined
    const name = section === '' ? key : `${section}.${key}`
    return typeof value === 'string' ? value : refuse(shown, `${name} must be a string.`)
  }
  const absolute = (file: string | undefined) =>
    file === undefined ? undefined : path.resolve(folder, file)
  return withoutUndefined({
    schema: absolute(text('', 'schema')),
    migrations: absolute(text('migrations', 'path')),
    initShadowDb: text('migrations', 'initShadowDb'),
    // Prisma 6 requires `engine`, and Prisma 7 does not have it:
    // https://github.com/prisma/prisma/pull/28514
    fileBase: text('', 'engine') === undefined ? folder : undefined,
    url: text('datasource', 'url'),
    directUrl: text('datasource', 'directUrl'),
    shadowDatabaseUrl: text('datasource', 'shadowDatabaseUrl'),
    externalTables: namesOf(recordOf(root['tables'])?.['external']),
    externalEnums: namesOf(recordOf(root['enums'])?.['external']),
  })
}

/** The variable in `url: process.env.NAME`, if the configuration has a `url` without a value. */
function variableBehindUrl(exported: unknown, source: string): string | undefined {
  const datasource = recordOf(recordOf(exported)?.['datasource'])
  if (datasource === undefined || !('url' in datasource)) return undefined
  const named = /\burl\s*:\s*process\.env(?:\.|\[['"`])(\w+)/.exec(source)
  return named?.[1] ?? 'DATABASE_URL'
}

function namesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined
}

/** `exactOptionalPropertyTypes`: a key is absent, never undefined. */
function withoutUndefined(config: {
  [Key in keyof PrismaConfig]-?:
    | PrismaConfig[Key]
    | (undefined extends PrismaConfig[Key] ? undefined : never)
}): PrismaConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  ) as unknown as PrismaConfig
}

function refuse(shown: string, why: string): never {
  return raise('PROJECT.CONFIG_INVALID', {
    message: `${shown} cannot be used.`,
    why,
    nextActions: [
      advice(`Correct ${shown}: https://www.prisma.io/docs/orm/reference/prisma-config-reference`),
    ],
    where: { file: shown },
  })
}
