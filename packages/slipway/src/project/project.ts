import { existsSync } from 'node:fs'
import path from 'node:path'
import { ConnectionString, advice } from '../kernel/index.ts'
import { inTurn } from './configuration-module.ts'
import {
  type Connection,
  givenConnection,
  prismaConfigConnection,
  schemaConnection,
} from './connection.ts'
import type { D1Location } from './d1-config.ts'
import { readDialectFiles } from './dialects.ts'
import { raise } from './failures.ts'
import {
  defaultSchema,
  findPrismaConfig,
  findRoot,
  findSlipwayConfig,
  readPackageJson,
} from './find.ts'
import type { MigrationsLayout } from './migration-layout.ts'
import { type PrismaConfig, readPrismaConfig } from './prisma-config.ts'
import { type ProjectSchema, readSchema, refuseMissing } from './schema.ts'
import { readSlipwayConfig, type SlipwayConfig } from './slipway-config.ts'
import { readVariables, type Variable, type Variables } from './variables.ts'
import type { WranglerConfig } from './wrangler-config.ts'

/** A setting for `doctor`: its value, and where it comes from. Secrets are masked. */
export interface Setting {
  readonly name: string
  readonly value: string
  readonly source: string
}

/** A Prisma project, read from its files and the environment, without connecting to anything. */
export interface Project {
  /** Absolute. */
  readonly root: string
  readonly schema: ProjectSchema
  /** Absolute; it may not exist yet. */
  readonly migrationsDir: string
  readonly migrationsLayout: MigrationsLayout
  /**
   * Prisma's migrations folder, absolute, if wrangler's configuration names another and both have
   * migrations.
   */
  readonly otherMigrations?: string
  /** SQL that Prisma runs on a shadow database before the migrations (`migrations.initShadowDb`). */
  readonly initShadowDb?: string
  /** Tables and enums that Prisma is configured to ignore. */
  readonly external: { readonly tables: readonly string[]; readonly enums: readonly string[] }
  readonly config: SlipwayConfig
  /** Whether there is a slipway.config. */
  readonly configured: boolean
  /** The slipway.config, absolute. */
  readonly configFile?: string
  /** The configuration of the Worker whose D1 database the project may be for. */
  readonly wrangler?: WranglerConfig
  /** The location of the D1 database that was requested by flag. */
  readonly location?: D1Location
  /** The environment that was requested by flag or by SLIPWAY_ENV. */
  readonly environment?: string
  /** A connection string for this run only; a file in it is relative to `cwd`. */
  readonly given: Connection
  /** Absolute. */
  readonly cwd: string
  /** The folder to which files of all other connection strings are relative, as for Prisma. */
  readonly fileBase: string
  /** The connection that Prisma would use. */
  readonly connection: Connection
  readonly direct: Connection
  readonly shadow: Connection
  readonly variables: Variables
  /** Folders whose `.env` files are read. */
  readonly envFolders: readonly string[]
  readonly settings: readonly Setting[]
}

export interface LoadProjectOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags?: ProjectFlags
  /** Ends the wait for a configuration that does not finish loading. */
  readonly signal?: AbortSignal | undefined
}

/** Flags that locate the parts of a project. Each overrides a variable named `SLIPWAY_` and its name. */
export interface ProjectFlags {
  readonly schema?: string | undefined
  /** A slipway.config or a prisma.config, depending on its name. */
  readonly config?: string | undefined
  readonly url?: string | undefined
  readonly env?: string | undefined
  /** It has no such variable. */
  readonly location?: D1Location | undefined
}

/**
 * Finds a project and reads its settings, as Prisma 5, 6 and 7 would. Precedence: flag, environment
 * variable, configuration, default. Fails with the codes of `projectFailures`.
 */
export async function loadProject(options: LoadProjectOptions): Promise<Project> {
  const env = await inTurn(async () => ({ ...options.env }))
  const root = findRoot(options.cwd)
  const { signal } = options
  const requested = readRequestedSources({ ...options, env })
  const files = {
    prisma: requested.prismaConfig ?? findPrismaConfig(root),
    slipway: requested.slipwayConfig ?? findSlipwayConfig(root),
  }
  const defaultPlace = unconfiguredSchema(root)
  const folders = envFolders(root, files.prisma, requested.schema ?? defaultPlace?.place)
  const read = await readVariables({
    root,
    shell: env,
    folders,
    environment: requested.environment?.value,
    expand: files.prisma === undefined,
  })
  const { config: prisma, variables } = files.prisma
    ? await readPrismaConfig(files.prisma, { root, variables: read, signal })
    : { config: NO_PRISMA_CONFIG, variables: read }
  const config = files.slipway
    ? await readSlipwayConfig(files.slipway, { root, environment: variables.all(), signal })
    : {}

  const place = schemaPlace(root, requested, prisma, defaultPlace, files.prisma)
  const schema = readSchema(place.place, root)
  const { migrations, wrangler } = await readDialectFiles(schema.dialect, {
    root,
    schema,
    prisma,
    prismaConfig: shownConfig(root, files.prisma),
    config,
    configFile: files.slipway,
    environment: requested.environment?.value,
  })
  const connections = readConnections({ root, schema, prisma, prismaFile: files.prisma, variables })
  return {
    root,
    schema,
    migrationsDir: migrations.dir,
    migrationsLayout: migrations.layout,
    ...(migrations.other === undefined ? {} : { otherMigrations: migrations.other }),
    ...(prisma.initShadowDb === undefined ? {} : { initShadowDb: prisma.initShadowDb }),
    external: { tables: prisma.externalTables, enums: prisma.externalEnums },
    config,
    configured: files.slipway !== undefined,
    ...(files.slipway === undefined ? {} : { configFile: files.slipway }),
    ...(wrangler === undefined ? {} : { wrangler }),
    ...(requested.location ? { location: requested.location } : {}),
    ...(requested.environment ? { environment: requested.environment.value } : {}),
    given: givenConnection(requested.url?.value, requested.url?.source ?? ''),
    cwd: path.resolve(options.cwd),
    fileBase: fileBaseOf({ root, schema, prisma }),
    ...connections,
    variables,
    envFolders: folders,
    settings: [
      { name: 'root', value: root, source: 'nearest folder with a Prisma project' },
      { name: 'schema', value: relative(root, schema.path), source: place.source },
      {
        name: 'migrations',
        value: relative(root, migrations.dir),
        source: migrations.source,
      },
      { name: 'provider', value: schema.provider, source: relative(root, schema.datasourceFile) },
      ...schema.generators.map(({ name, provider }) => ({
        name: `generator ${name}`,
        value: provider,
        source: relative(root, schema.datasourceFile),
      })),
      ...fileSettings(root, { ...files, wrangler: wrangler?.file }, variables),
    ],
  }
}

interface RequestedSources {
  readonly schema?: string
  readonly prismaConfig?: string
  readonly slipwayConfig?: string
  readonly url?: { readonly value: string; readonly source: string }
  readonly environment?: { readonly value: string; readonly source: string }
  readonly location?: D1Location
}

function readRequestedSources({ cwd, env, flags = {} }: LoadProjectOptions): RequestedSources {
  const ask = (flag: Exclude<keyof ProjectFlags, 'location'>) => {
    const variable = `SLIPWAY_${flag.toUpperCase()}`
    if (flags[flag]) return { value: flags[flag], source: `--${flag}` }
    return env[variable] ? { value: env[variable], source: `${variable} (shell)` } : undefined
  }
  const [schema, config, url, environment] = [ask('schema'), ask('config'), ask('url'), ask('env')]
  const configFile = config && existing(path.resolve(cwd, config.value), config.value)
  const isPrisma = config !== undefined && path.basename(config.value).startsWith('prisma')
  return {
    ...(schema ? { schema: path.resolve(cwd, schema.value) } : {}),
    ...(configFile ? { [isPrisma ? 'prismaConfig' : 'slipwayConfig']: configFile } : {}),
    ...(url ? { url } : {}),
    ...(flags.location ? { location: flags.location } : {}),
    ...(environment
      ? { environment: { ...environment, value: environmentName(environment.value) } }
      : {}),
  }
}

/**
 * Checks a name, which becomes part of a file name (`.env.<name>`) and must not lead out of the folder.
 */
function environmentName(name: string): string {
  if (/^[\w-][\w.-]*$/.test(name)) return name
  return raise('PROJECT.ENVIRONMENT_UNKNOWN', {
    message: `${JSON.stringify(name)} cannot be the name of an environment.`,
    why: 'A name consists of letters, digits, dots, hyphens and underscores.',
  })
}

function existing(file: string, named: string): string {
  if (existsSync(file)) return file
  return raise('PROJECT.CONFIG_MISSING', {
    message: `There is no file ${named}.`,
    nextActions: [advice('Correct --config, or omit it: Slipway then searches the usual places.')],
  })
}

interface Place {
  readonly place: string
  readonly source: string
}

function unconfiguredSchema(root: string): Place | undefined {
  const named = readPackageJson(root)?.prisma?.schema
  if (named !== undefined)
    return { place: path.resolve(root, named), source: 'package.json prisma.schema' }
  const found = defaultSchema(root)
  return found === undefined ? undefined : { place: found, source: 'default place' }
}

function schemaPlace(
  root: string,
  asked: RequestedSources,
  prisma: PrismaConfig,
  unconfigured: Place | undefined,
  prismaFile: string | undefined,
): Place {
  if (asked.schema) return { place: asked.schema, source: '--schema' }
  if (prisma.schema) return { place: prisma.schema, source: shownConfig(root, prismaFile) }
  return unconfigured ?? refuseMissing(root)
}

/**
 * The folders whose .env files are read. Prisma 5 and 6 read the one next to package.json and the one
 * next to the schema; a prisma.config reads the one in the root itself, with `dotenv/config`.
 */
function envFolders(
  root: string,
  prismaConfig: string | undefined,
  schema: string | undefined,
): string[] {
  if (prismaConfig !== undefined) return [root]
  const beside =
    schema === undefined ? [] : [schema.endsWith('.prisma') ? path.dirname(schema) : schema]
  return [root, ...beside, path.join(root, 'prisma')]
}

interface ConnectionSources {
  readonly root: string
  readonly schema: ProjectSchema
  readonly prisma: PrismaConfig
  readonly prismaFile: string | undefined
  readonly variables: Variables
}

function readConnections({ root, schema, prisma, prismaFile, variables }: ConnectionSources) {
  const config = shownConfig(root, prismaFile)
  const file = relative(root, schema.datasourceFile)
  const read = (key: 'url' | 'directUrl' | 'shadowDatabaseUrl'): Connection => {
    const configured = prismaConfigConnection(prisma[key], variables, `${config} datasource.${key}`)
    if (configured.kind !== 'none') return configured
    return schemaConnection(schema.datasource.get(key), variables, `${file} datasource.${key}`)
  }
  const connection = read('url')
  // A schema without `url` (Prisma 7) in a folder without prisma.config still means DATABASE_URL.
  const usual = variables.get('DATABASE_URL')
  const implied: Connection =
    connection.kind === 'none' && usual?.value ? impliedConnection(usual) : connection
  return { connection: implied, direct: read('directUrl'), shadow: read('shadowDatabaseUrl') }
}

/**
 * The folder to which a SQLite file is relative. Prisma 7 has the connection string in its configuration,
 * Prisma 6 in the schema.
 */
function fileBaseOf({
  root,
  schema,
  prisma,
}: Pick<ConnectionSources, 'root' | 'schema' | 'prisma'>) {
  const schemaFolder = path.dirname(schema.datasourceFile)
  if (prisma.url !== undefined) return prisma.fileBase ?? schemaFolder
  return schema.datasource.has('url') ? schemaFolder : root
}

function impliedConnection({ value, source }: Variable): Connection {
  const url = new ConnectionString(value)
  return { kind: 'set', url, source: `DATABASE_URL (${source})`, variable: 'DATABASE_URL' }
}

function fileSettings(
  root: string,
  files: Readonly<Record<'prisma' | 'slipway' | 'wrangler', string | undefined>>,
  variables: Variables,
): Setting[] {
  const found = (file: string | undefined) => (file ? relative(root, file) : 'none')
  const { wrangler } = files
  return [
    ...(wrangler ? [{ name: 'wrangler', value: found(wrangler), source: 'file' }] : []),
    { name: 'prisma.config', value: found(files.prisma), source: 'file' },
    { name: 'slipway.config', value: found(files.slipway), source: 'file' },
    { name: '.env files', value: variables.files.join(', ') || 'none', source: 'file' },
  ]
}

const NO_PRISMA_CONFIG: PrismaConfig = { externalTables: [], externalEnums: [] }

function shownConfig(root: string, file: string | undefined): string {
  return file === undefined ? 'prisma.config' : relative(root, file)
}

function relative(root: string, file: string): string {
  return path.relative(root, file) || '.'
}
