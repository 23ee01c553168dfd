import type {
  CreateMigrationOutput,
  SchemaEngine,
  SchemaFilter,
} from '@prisma/schema-engine-wasm/schema_engine_bg'
import { failureOf } from '../kernel/index.ts'
import { filterOf, withEngine, withRawEngine } from './engine.ts'
import { type Held, holdOpen } from './hold-open.ts'
import { extensionsOf, migrationsIn, withShadows } from './postgres/shadow.ts'
import { MigrationScriptError } from './rpc-error.ts'
import { ADAPTED_METHODS, type Params, type RpcContext, withDatabase } from './rpc-methods.ts'
import {
  prepareForEngine,
  listsExtensions,
  needsMainConnection,
  type SchemaFile,
} from './schema-file.ts'
import { diffFromMain } from './schema.ts'

/** Answers one request of the native engine's protocol. */
export type Handle = (method: string, params: Params) => Promise<unknown>

type Raw = Parameters<Parameters<typeof withRawEngine>[1]>[0]

/** Methods that the wasm engine has under the same name and with the same parameters. */
const ENGINE_METHODS = [
  'applyMigrations',
  'createMigration',
  'devDiagnostic',
  'diagnoseMigrationHistory',
  'evaluateDataLoss',
  'markMigrationApplied',
  'markMigrationRolledBack',
  'reset',
] as const satisfies (keyof SchemaEngine)[]

type SameMethod = (typeof ENGINE_METHODS)[number]

/**
 * Serves requests on the project's database. The first request that needs an engine opens it. It
 * lives until the end, because `createMigration` uses state from `devDiagnostic`.
 */
export async function withRpc<T>(
  options: Omit<RpcContext, 'shadows'>,
  work: (handle: Handle) => Promise<T>,
): Promise<T> {
  return await withShadows(async (shadows) => {
    const context = { ...options, shadows }
    const request = { extensions: [] as readonly string[] }
    let held: Promise<Held<Raw>> | undefined
    const handle: Handle = async (method, params) => {
      request.extensions = await extensionsOf(params)
      const own = ADAPTED_METHODS[method]
      if (own) return await own(context, params)
      const same = ENGINE_METHODS.find((name) => name === method)
      if (!same) throw new TypeError(`Unknown method: ${method}`)
      held ??= holdOpen<Raw>((inside) => withProjectEngine(context, request, inside))
      const answer = await callEngine((await held).resource, same, params)
      return same === 'createMigration' ? await draftAgain(context, params, answer) : answer
    }
    try {
      return await work(handle)
    } finally {
      // A failure to open it was already reported by the request that needed it.
      await held?.then(
        ({ release }) => release(),
        () => {},
      )
    }
  })
}

/** Opens the engine on the project's database. `request` is the current one, for its shadow database. */
async function withProjectEngine<T>(
  { url, shadows, files }: RpcContext,
  request: { readonly extensions: readonly string[] },
  work: (raw: Raw) => Promise<T>,
): Promise<T> {
  return await withDatabase(url, async (main) => {
    const withShadowDatabase = <R>(replay: (shadow: typeof main) => Promise<R>) =>
      shadows.withExtensions(request.extensions, main)(replay)
    return await withRawEngine({ main, withShadowDatabase, files, writes: true }, work)
  })
}

/** Runs a method that the wasm engine has under the same name. */
async function callEngine(
  { call, errors }: Raw,
  method: SameMethod,
  params: Params,
): Promise<unknown> {
  const input = withDefaults(params)
  const run = (name: SameMethod, given: Params) =>
    call((engine) => (engine[name] as (input: unknown) => Promise<unknown>).call(engine, given))
  try {
    return await run(method, input)
  } catch (error) {
    if (wantsReplay(error)) {
      // The engine has not yet replayed these migrations, and replays them only for a diagnosis.
      await run('diagnoseMigrationHistory', { ...input, optInToShadowDatabase: true })
      return await run(method, input)
    }
    const failure = failureOf(errors.last?.error)
    const script = errors.last?.script
    const failed = migrationsIn(params).find(({ sql }) => sql === script)
    if (method !== 'applyMigrations' || !failure || !failed) throw error
    throw new MigrationScriptError({ name: failed.name, failure }, error)
  }
}

/** Drafts a migration again from the database, which now has all migrations, if its schema needs that. */
async function draftAgain({ url }: RpcContext, params: Params, answer: unknown): Promise<unknown> {
  const { schema, filters } = params as { schema: { files: SchemaFile[] }; filters?: SchemaFilter }
  if (!needsMainConnection(schema.files)) return answer
  const drafted = (answer as CreateMigrationOutput).migrationScript ?? ''
  const { files } = schema
  const options = { files, filter: filterOf(filters), extensions: listsExtensions(files) }
  const sql = await withDatabase(url, (main) =>
    withEngine({ main, ...options }, (engine) => diffFromMain(engine, files, drafted)),
  )
  return { ...(answer as CreateMigrationOutput), migrationScript: sql === '' ? null : sql }
}

function wantsReplay(error: unknown): boolean {
  const text = failureOf(error)?.why ?? ''
  return text.includes('shadow DB must be provided through an external factory')
}

/** The parameters as the wasm engine requires them: Prisma 6 passes no filters, and schemas with URLs. */
function withDefaults(params: Params): Params {
  const schema = params['schema'] as { files: SchemaFile[] } | undefined
  return {
    filters: filterOf(),
    filter: filterOf(),
    ...params,
    ...(schema ? { schema: { files: prepareForEngine(schema.files) } } : {}),
  }
}
