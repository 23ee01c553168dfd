import type { SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { RawResult, Session } from '../database/index.ts'
import { attempt, invariant, type Result } from '../kernel/index.ts'
import { type Engine, withEngine } from './engine.ts'
import { createOfflineSession } from './postgres/offline-session.ts'
import {
  prepareForEngine,
  listsExtensions,
  needsMainConnection,
  restoreConfiguration,
  type SchemaFile,
} from './schema-file.ts'

/** SQL as Prisma writes it into a `migration.sql`. */
export interface MigrationSql {
  /** Empty if nothing differs. It starts with Prisma's warnings as a comment. */
  readonly sql: string
  readonly empty: boolean
  /** A readable summary of the difference, as `prisma migrate diff` prints it. */
  readonly summary: string
}

/** Whether the engine accepts the schema; needs no database. ENGINE.SCHEMA_INVALID names the error's place. */
export async function validateSchema(files: readonly SchemaFile[]): Promise<Result<undefined>> {
  invariant(files.length > 0, 'a schema has at least one file')
  return await attempt(async () => {
    await withEngine({ main: createOfflineSession(), files }, async (engine) => {
      await engine.diff(
        { tag: 'empty' },
        { tag: 'schemaDatamodel', files: prepareForEngine(files) },
      )
    })
    return undefined
  })
}

/** The SQL of a first migration: from nothing to the schema. Needs no database. */
export async function schemaToSql(files: readonly SchemaFile[]): Promise<MigrationSql> {
  return await diffToSchema({ session: createOfflineSession(), files })
}

export interface DiffToSchemaOptions {
  /** A shadow database filled by the project's migrations, without Prisma's history table. */
  readonly session: Session
  readonly files: readonly SchemaFile[]
  readonly filter?: Partial<SchemaFilter>
}

/**
 * The SQL from a filled shadow database to the schema, byte for byte as `prisma migrate dev --create-only`
 * would write it. The shadow database is both the main and the shadow database of the engine, with an
 * empty list of migrations, so nothing is replayed, and nothing is written to it.
 */
export async function diffToSchema(options: DiffToSchemaOptions): Promise<MigrationSql> {
  const { session, files, filter = {} } = options
  invariant(files.length > 0, 'a schema has at least one file')
  const extensions = listsExtensions(files)
  const shadow = cacheQueries(session)
  return await withEngine(
    { main: shadow, withShadowDatabase: (work) => work(shadow), files, filter, extensions },
    async (engine) => {
      // `createMigration` uses the state that `devDiagnostic` has read.
      await engine.devDiagnostic([])
      const drafted = (await engine.createMigration([])) ?? ''
      const { before, after } = targetsOf(files)
      const sql = needsMainConnection(files) ? await diffFromMain(engine, files, drafted) : drafted
      const summary = sql === '' ? '' : await engine.summary(before, after)
      return { sql, empty: sql === '', summary }
    },
  )
}

/** The sides of a comparison: the database of the main connection, and a schema. */
function targetsOf(files: readonly SchemaFile[]) {
  const schema = { files: prepareForEngine(files, { extensions: listsExtensions(files) }) }
  return {
    before: { tag: 'schemaDatasource' as const, configDir: '', ...schema },
    after: { tag: 'schemaDatamodel' as const, ...schema },
  }
}

/**
 * The SQL from the main connection of the engine to the schema, with the warnings of a draft; empty if
 * nothing differs. The engine drafts migrations from a shadow database, where it ignores objects of some
 * preview features. On its main connection it sees them, but writes no warnings.
 */
export async function diffFromMain(
  engine: Engine,
  files: readonly SchemaFile[],
  drafted: string,
): Promise<string> {
  const { before, after } = targetsOf(files)
  const { sql } = await engine.diff(before, after)
  const [warnings = ''] = /^\/\*\n {2}Warnings:\n[^]*?\n\*\/\n/.exec(drafted) ?? []
  return sql === '' ? '' : warnings + sql
}

/** Caches queries on a database that does not change: the engine reads the whole catalog four times. */
function cacheQueries(session: Session): Session {
  const results = new Map<string, Promise<RawResult>>()
  return {
    ...session,
    queryRaw(sql, params = []) {
      const key = JSON.stringify([sql, params])
      const result = results.get(key) ?? session.queryRaw(sql, params)
      results.set(key, result)
      return result
    },
  }
}

/** The schema files completed with the objects of the database, as `prisma db pull` writes them. */
export async function introspectSchema(
  session: Session,
  files: readonly SchemaFile[],
): Promise<SchemaFile[]> {
  return await withEngine({ main: session, files }, async (engine) => {
    const { schema } = await engine.introspect()
    return restoreConfiguration(schema.files, files)
  })
}
