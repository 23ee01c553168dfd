import type { SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { RawResult, Session } from '../database/index.ts'
import { attempt, invariant, type Result } from '../kernel/index.ts'
import { type Engine, withEngine } from './engine.ts'
import { sessionOnNothing } from './postgres/nowhere.ts'
import {
  forEngine,
  listsExtensions,
  needsMainConnection,
  restoreConfiguration,
  type SchemaFile,
} from './schema-file.ts'

/** SQL as Prisma writes it into a `migration.sql`. */
export interface MigrationSql {
  /** Empty text where nothing differs. With Prisma's warnings as a comment at its head. */
  readonly sql: string
  readonly empty: boolean
  /** The difference in words, as `prisma migrate diff` prints it. */
  readonly summary: string
}

/** Whether the schema is one that the engine accepts; needs no database. ENGINE.SCHEMA_INVALID says where it is not. */
export async function validateSchema(files: readonly SchemaFile[]): Promise<Result<undefined>> {
  invariant(files.length > 0, 'a schema has at least one file')
  return await attempt(async () => {
    await withEngine({ main: sessionOnNothing(), files }, async (engine) => {
      await engine.diff({ tag: 'empty' }, { tag: 'schemaDatamodel', files: forEngine(files) })
    })
    return undefined
  })
}

/** The SQL of a first migration: from nothing to the schema. Needs no database. */
export async function schemaToSql(files: readonly SchemaFile[]): Promise<MigrationSql> {
  return await diffToSchema({ session: sessionOnNothing(), files })
}

export interface DiffToSchemaOptions {
  /** A shadow database filled by the project's migrations, without Prisma's history table. */
  readonly session: Session
  readonly files: readonly SchemaFile[]
  readonly filter?: Partial<SchemaFilter>
}

/**
 * What `prisma migrate dev --create-only` would write to lead from a filled shadow database to the schema,
 * byte for byte. The shadow database is both the main and the shadow database of the engine, with an
 * empty list of migrations: so nothing is replayed, and nothing is written to it.
 */
export async function diffToSchema(options: DiffToSchemaOptions): Promise<MigrationSql> {
  const { session, files, filter = {} } = options
  invariant(files.length > 0, 'a schema has at least one file')
  const extensions = listsExtensions(files)
  const shadow = readingOnce(session)
  return await withEngine(
    { main: shadow, withShadowDatabase: (work) => work(shadow), files, filter, extensions },
    async (engine) => {
      // `createMigration` takes the state before from what `devDiagnostic` has seen.
      await engine.devDiagnostic([])
      const drafted = (await engine.createMigration([])) ?? ''
      const { before, after } = targetsOf(files)
      const sql = needsMainConnection(files) ? await fromMain(engine, files, drafted) : drafted
      const summary = sql === '' ? '' : await engine.summary(before, after)
      return { sql, empty: sql === '', summary }
    },
  )
}

/** The database of the main connection, and a schema. */
function targetsOf(files: readonly SchemaFile[]) {
  const schema = { files: forEngine(files, { extensions: listsExtensions(files) }) }
  return {
    before: { tag: 'schemaDatasource' as const, configDir: '', ...schema },
    after: { tag: 'schemaDatamodel' as const, ...schema },
  }
}

/**
 * A drafted migration as it leads from the main connection of the engine to the schema; empty text without a difference. The
 * engine drafts it from a shadow database, of which it forgets what some preview features show; of its main connection
 * it sees that, but writes no warnings. So the warnings are those of the draft.
 */
export async function fromMain(
  engine: Engine,
  files: readonly SchemaFile[],
  drafted: string,
): Promise<string> {
  const { before, after } = targetsOf(files)
  const { sql } = await engine.diff(before, after)
  const [warnings = ''] = /^\/\*\n {2}Warnings:\n[^]*?\n\*\/\n/.exec(drafted) ?? []
  return sql === '' ? '' : warnings + sql
}

/** A session for a database that does not change meanwhile: the engine reads the whole catalog four times. */
function readingOnce(session: Session): Session {
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

/** The schema files completed with what the database has, as `prisma db pull` writes them. */
export async function introspectSchema(
  session: Session,
  files: readonly SchemaFile[],
): Promise<SchemaFile[]> {
  return await withEngine({ main: session, files }, async (engine) => {
    const { schema } = await engine.introspect()
    return restoreConfiguration(schema.files, files)
  })
}
