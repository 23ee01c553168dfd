import type { DiffTarget } from '@prisma/schema-engine-wasm/schema_engine_bg'
import { addressOf, type Session, withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { engineDialectOf } from './dialects.ts'
import { type EngineCall, filterOf, listOf, withRawEngine, type WithShadow } from './engine.ts'
import { createDatabase, requireUrl } from './postgres/create-database.ts'
import { createOfflineSession } from './postgres/offline-session.ts'
import { extensionsOf, type Shadows } from './postgres/shadow.ts'
import { type Datasource, datasourceOfSchema } from './program-arguments.ts'
import {
  prepareForEngine,
  listsExtensions,
  restoreConfiguration,
  type SchemaFile,
} from './schema-file.ts'

export type Params = Readonly<Record<string, unknown>>

/** The context in which every request is answered. */
export interface RpcContext extends Datasource {
  /** Shows a text to the user, through the Prisma CLI. */
  readonly print: (text: string) => void
  /** The variables from which schemas of Prisma 6 read their connection strings. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly shadows: Shadows
}

/** Opens a session on the database of a connection string. */
export async function withDatabase<T>(
  url: ConnectionString | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await withSession(addressOf(requireUrl(url)), {}, work)
}

type AdaptedMethod = (context: RpcContext, params: Params) => Promise<unknown>

/** Methods that the wasm engine lacks, or that use a connection other than the project's. */
export const ADAPTED_METHODS: Readonly<Record<string, AdaptedMethod>> = {
  createDatabase: async (context, params) => ({
    databaseName: await createDatabase(urlOf(params['datasource'], context)),
  }),
  dbExecute: async (context, params) => {
    await withDatabase(urlOf(params['datasourceType'], context), (session) =>
      session.execute(String(params['script'])),
    )
  },
  diff,
  ensureConnectionValidity: async (context, params) => {
    await withDatabase(urlOf(params['datasource'], context), async () => {})
    return {}
  },
  getDatabaseVersion: async (context, params) =>
    await withDatabase(urlOf(params['datasource'], context), async ({ server }) => server.version),
  introspect,
  schemaPush,
}

async function introspect(context: RpcContext, params: Params): Promise<unknown> {
  const { files } = params['schema'] as { files: SchemaFile[] }
  const input = { ...params, schema: { files: prepareForEngine(files) } }
  return await withDatabase(context.url, (main) =>
    withRawEngine({ main, files: context.files }, async ({ call }) => {
      const result = await call((engine) => engine.introspect(input as never))
      return { ...result, schema: { files: restoreConfiguration(result.schema.files, files) } }
    }),
  )
}

/** Reads and changes only the main connection, where the engine sees the extensions. */
async function schemaPush(context: RpcContext, params: Params): Promise<unknown> {
  const { files } = params['schema'] as { files: SchemaFile[] }
  const extensions = listsExtensions(files)
  const schema = { files: prepareForEngine(files, { extensions }) }
  return await withDatabase(context.url, (main) =>
    withRawEngine({ main, files, extensions, writes: true }, ({ call }) =>
      call((engine) => engine.schemaPush({ filters: filterOf(), ...params, schema } as never)),
    ),
  )
}

/** The connection string of a `diff` target; undefined if the target is not a live database. */
function liveUrl(target: DiffTarget, context: RpcContext): ConnectionString | undefined {
  if (target.tag === 'url') return urlOf(target, context)
  return target.tag === 'schemaDatasource' ? urlOf(target, context) : undefined
}

/**
 * The engine has one main connection and one shadow database. If both targets are live databases, the second
 * one is passed as the shadow database of an empty list of migrations, which does not change it.
 */
async function diff(context: RpcContext, params: Params): Promise<unknown> {
  const { from, to } = params as { from: DiffTarget; to: DiffTarget }
  const [fromUrl, toUrl] = [liveUrl(from, context), liveUrl(to, context)]
  const second = fromUrl && toUrl
  const extensions = await extensionsOf(params)
  const onMain = (main: Session) => {
    const input = {
      script: false,
      exitCode: null,
      filters: filterOf(),
      ...params,
      from: textTarget(from, main),
      to: second ? noMigrations(main) : textTarget(to, main),
    }
    const run = async ({ call }: { call: EngineCall }) => {
      const { exitCode, stdout } = await call((engine) => engine.diff(input as never))
      context.print(stdout ?? '')
      return { exitCode, stdout: null }
    }
    const replayed = context.shadows.withExtensions(extensions, main)
    const withShadowDatabase: WithShadow = (work) =>
      second ? withDatabase(second, work) : replayed(work)
    return withRawEngine({ main, withShadowDatabase, files: filesOf(from, to) }, run)
  }
  const url = fromUrl ?? toUrl
  return url ? await withDatabase(url, onMain) : await onMain(createOfflineSession())
}

function noMigrations(main: Session): DiffTarget {
  return { tag: 'migrations', ...listOf([], main) }
}

/** A target with its schema files prepared for the engine; a bare URL becomes the main connection. */
function textTarget(target: DiffTarget, main: Session): DiffTarget {
  switch (target.tag) {
    case 'schemaDatamodel':
    case 'schemaDatasource':
      return { ...target, files: prepareForEngine(target.files) }
    case 'url':
      return { tag: 'schemaDatasource', configDir: '', files: [datasourceOf(main)] }
    case 'empty':
    case 'migrations':
      return target
  }
}

function datasourceOf(main: Session): SchemaFile {
  const { lockProvider } = engineDialectOf(main)
  return { path: 'schema.prisma', content: `datasource db {\n  provider = "${lockProvider}"\n}\n` }
}

/** The schema files among the targets: they determine which PostgreSQL schemas are compared. */
function filesOf(...targets: DiffTarget[]): readonly SchemaFile[] {
  for (const target of targets) {
    if (target.tag === 'schemaDatamodel' || target.tag === 'schemaDatasource') return target.files
  }
  return []
}

/** The connection string of a parameter: its own, one in its schema files, or the project's. */
function urlOf(param: unknown, context: RpcContext): ConnectionString | undefined {
  const { url, files = [] } = (param ?? {}) as { url?: string; files?: SchemaFile[] }
  return secretOf(url ?? datasourceOfSchema(files, context.env).url) ?? context.url
}

function secretOf(url: unknown): ConnectionString | undefined {
  return typeof url === 'string' && url !== '' ? new ConnectionString(url) : undefined
}
