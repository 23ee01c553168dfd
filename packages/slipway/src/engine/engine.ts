import type {
  ApplyMigrationsOutput,
  ConstructorOptions,
  DevDiagnosticOutput,
  DiagnoseMigrationHistoryOutput,
  DiffTarget,
  EvaluateDataLossOutput,
  IntrospectResult,
  MigrationList,
  SchemaEngine,
  SchemaFilter,
  SchemaPushOutput,
} from '@prisma/schema-engine-wasm/schema_engine_bg'
import { dialectOf, type Session } from '../database/index.ts'
import { type AdapterOptions, adapterFactory, type ErrorLog } from './adapter.ts'
import { engineDialectOf, lockFileText } from './dialects.ts'
import { raiseEngineError } from './engine-error.ts'
import { holdOpen } from './hold-open.ts'
import { prepareForEngine, type SchemaFile } from './schema-file.ts'
import { hasPanicked, loadEngineClass, unlessPanic } from './wasm.ts'

/** A migration of the project, as input for the engine. */
export interface EngineMigration {
  /** The name of its folder. */
  readonly name: string
  /** The text of its `migration.sql`. */
  readonly sql: string
}

/** Provides a shadow database while `work` runs. */
export type WithShadow = <T>(work: (shadow: Session) => Promise<T>) => Promise<T>

export interface EngineOptions {
  /** The engine's main connection. It belongs to the caller and stays open. */
  readonly main: Session
  /** Provides shadow databases for replays; without it, methods that need a replay fail. */
  readonly withShadowDatabase?: WithShadow
  /** The Prisma schema. Needed for several PostgreSQL schemas (`schemas = […]`) and methods that read it. */
  readonly files?: readonly SchemaFile[]
  /** Tables and enums that Prisma is configured to ignore (`tables.external`, `enums.external`). */
  readonly filter?: Partial<SchemaFilter>
  /** Whether the extensions that the schema lists are compared: see `EngineUse`. */
  readonly extensions?: boolean
  /** Whether the engine may write to the main database. If not, only creating a missing schema is skipped. */
  readonly writes?: boolean
}

/** A built engine. Every method raises the codes of `engineFailures`, or the driver's own failure. */
export interface Engine {
  /** The SQL from one schema to another; `sql` is empty if nothing differs. */
  diff(from: DiffTarget, to: DiffTarget): Promise<{ readonly sql: string; readonly empty: boolean }>
  /** A readable summary of the difference, as `prisma migrate diff` prints it. */
  summary(from: DiffTarget, to: DiffTarget): Promise<string>
  /** What `migrate dev` would do first. Replays the migrations on the shadow database. */
  devDiagnostic(migrations: readonly EngineMigration[]): Promise<DevDiagnosticOutput>
  /** The result of `migrate status`. `replay` also looks for drift with the shadow database. */
  diagnose(
    migrations: readonly EngineMigration[],
    options?: { readonly replay?: boolean },
  ): Promise<DiagnoseMigrationHistoryOutput>
  /** The SQL of `migrate dev --create-only`, with its warnings; null if nothing differs. */
  createMigration(migrations: readonly EngineMigration[]): Promise<string | null>
  /** Warnings and unexecutable steps of the next migration, based on the rows of the main database. */
  evaluateDataLoss(migrations: readonly EngineMigration[]): Promise<EvaluateDataLossOutput>
  /** `migrate deploy`: the engine applies the migrations itself, without Slipway's locks. */
  applyMigrations(migrations: readonly EngineMigration[]): Promise<ApplyMigrationsOutput>
  /** `migrate resolve --applied`. */
  markApplied(name: string, migrations: readonly EngineMigration[]): Promise<void>
  /** `migrate resolve --rolled-back`. */
  markRolledBack(name: string): Promise<void>
  /** `db pull`: the schema files with the objects of the database. */
  introspect(): Promise<IntrospectResult>
  /** `db push`. */
  push(options?: { readonly force?: boolean }): Promise<SchemaPushOutput>
}

/** Builds an engine, passes it to `work`, and always frees it. */
export async function withEngine<T>(
  options: EngineOptions,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  return await withRawEngine(options, async ({ call }) => await work(engineOver(options, call)))
}

/** Runs one method of the engine, and converts its error to a failure. */
export type EngineCall = <R>(method: (engine: SchemaEngine) => Promise<R>) => Promise<R>

/** Builds the raw engine, for the program with its protocol. `errors` keeps the driver's last error. */
export async function withRawEngine<T>(
  options: EngineOptions,
  work: (raw: { call: EngineCall; errors: ErrorLog }) => Promise<T>,
): Promise<T> {
  const { main, files = [], extensions = false, writes = false } = options
  const errors: ErrorLog = { last: undefined }
  const schema = main.server.schema
  const factory = adapterFactory(
    engineDialectOf(main),
    async () => ({ session: main, schema, errors, createSchema: writes }),
    async () => await openShadowDatabase(options, errors),
    errors,
  )
  async function guarded<R>(method: () => Promise<R>): Promise<R> {
    errors.last = undefined
    try {
      return await unlessPanic(method)
    } catch (error) {
      return raiseEngineError(error, { errors, files })
    }
  }
  const EngineClass = await loadEngineClass()
  const engine = await guarded(() =>
    EngineClass.new(constructorOptions(prepareForEngine(files, { extensions })), () => {}, factory),
  )
  try {
    return await work({ errors, call: (method) => guarded(() => method(engine)) })
  } finally {
    if (!hasPanicked()) engine.free()
  }
}

/** The engine panics on an empty list of schema files, but accepts an absent list. */
function constructorOptions(files: readonly SchemaFile[]): ConstructorOptions {
  if (files.length === 0) return { datamodels: undefined }
  return { datamodels: files.map(({ path, content }) => [path, content]) }
}

async function openShadowDatabase(
  options: EngineOptions,
  errors: ErrorLog,
): Promise<AdapterOptions> {
  const { main, withShadowDatabase } = options
  if (!withShadowDatabase)
    throw new TypeError('This verb replays migrations: give withShadowDatabase')
  const { resource, release } = await holdOpen<Session>(withShadowDatabase)
  return {
    session: resource,
    schema: main.server.schema,
    errors,
    createSchema: true,
    dispose: release,
  }
}

function engineOver(options: EngineOptions, call: EngineCall): Engine {
  const schema = { files: prepareForEngine(options.files ?? [], options) }
  const filters = filterOf(options.filter)
  return {
    async diff(from, to) {
      const params = { from, to, script: true, exitCode: true, filters }
      const { exitCode, stdout } = await call((engine) => engine.diff(params))
      const empty = exitCode === 0
      return { sql: empty ? '' : (stdout ?? ''), empty }
    },
    async summary(from, to) {
      const params = { from, to, script: false, exitCode: false, filters }
      return (await call((engine) => engine.diff(params))).stdout ?? ''
    },
    devDiagnostic: (migrations) =>
      call((engine) =>
        engine.devDiagnostic({ migrationsList: listOf(migrations, options.main), filters }),
      ),
    diagnose: (migrations, { replay = false } = {}) =>
      call((engine) =>
        engine.diagnoseMigrationHistory({
          migrationsList: listOf(migrations, options.main),
          optInToShadowDatabase: replay,
          filters,
        }),
      ),
    async createMigration(migrations) {
      const migrationsList = listOf(migrations, options.main)
      const input = { migrationsList, schema, filters, draft: false, migrationName: 'next' }
      return (await call((engine) => engine.createMigration(input))).migrationScript
    },
    evaluateDataLoss: (migrations) =>
      call((engine) =>
        engine.evaluateDataLoss({
          migrationsList: listOf(migrations, options.main),
          schema,
          filters,
        }),
      ),
    applyMigrations: (migrations) =>
      call((engine) =>
        engine.applyMigrations({ migrationsList: listOf(migrations, options.main), filters }),
      ),
    async markApplied(migrationName, migrations) {
      const migrationsList = listOf(migrations, options.main)
      await call((engine) => engine.markMigrationApplied({ migrationName, migrationsList }))
    },
    async markRolledBack(migrationName) {
      await call((engine) => engine.markMigrationRolledBack({ migrationName }))
    },
    introspect: () =>
      call((engine) =>
        engine.introspect({
          schema,
          baseDirectoryPath: '/',
          force: false,
          compositeTypeDepth: -1,
          namespaces: null,
        }),
      ),
    push: ({ force = false } = {}) =>
      call((engine) => engine.schemaPush({ force, schema, filters })),
  }
}

/** A complete filter, as the engine requires it. */
export function filterOf(filter: Partial<SchemaFilter> = {}): SchemaFilter {
  const { externalTables = [], externalEnums = [] } = filter
  return { externalTables, externalEnums }
}

/** A list of migrations in the engine's format. */
export function listOf(
  migrations: readonly EngineMigration[],
  main: Pick<Session, 'kind'>,
): MigrationList {
  return {
    baseDir: 'migrations',
    lockfile: { path: 'migration_lock.toml', content: lockFileText(dialectOf(main)) },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  }
}
