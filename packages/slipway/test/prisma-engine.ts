import { type Session, withSession } from '../src/database/index.ts'
import { adapterFactory } from '../src/engine/adapter.ts'
import { engineDialectOf } from '../src/engine/dialects.ts'
import { listOf } from '../src/engine/engine.ts'
import { holdOpen } from '../src/engine/hold-open.ts'
import type { SchemaFile } from '../src/engine/index.ts'
import { loadEngineClass } from '../src/engine/wasm.ts'
import { ConnectionString } from '../src/kernel/index.ts'
import { createDatabase } from './postgres.ts'

/** Prisma's SQL from the end of migrations to a schema. */
export interface PrismaSql {
  /** Of `prisma migrate dev --create-only`. */
  readonly migration: string
  /** Of `prisma migrate diff --script` from the database, without warnings. */
  readonly diff: string
}

/**
 * Runs Prisma's engine on the unchanged schema files, with the migrations applied to one database of the test
 * server and replayed on others. `slipway engine` changes the files before it passes them on, so it is not an
 * oracle for them.
 */
export async function prismaSql(
  files: readonly SchemaFile[],
  migrations: readonly { readonly name: string; readonly sql: string }[],
): Promise<PrismaSql> {
  return await onNewDatabase(async (main) => {
    const EngineClass = await loadEngineClass()
    const datamodels = files.map(({ path, content }): [string, string] => [path, content])
    const engine = await EngineClass.new({ datamodels }, () => {}, factoryOn(main))
    const migrationsList = listOf(migrations, main)
    const filters = { externalTables: [], externalEnums: [] }
    const schema = { files: [...files] }
    try {
      await engine.applyMigrations({ migrationsList, filters })
      await engine.devDiagnostic({ migrationsList, filters })
      const asked = { migrationsList, filters, schema, draft: false, migrationName: 'next' }
      const migration = (await engine.createMigration(asked)).migrationScript ?? ''
      const { stdout, exitCode } = await engine.diff({
        from: { tag: 'schemaDatasource', configDir: '', ...schema },
        to: { tag: 'schemaDatamodel', ...schema },
        script: true,
        exitCode: true,
        filters,
      })
      return { migration, diff: exitCode === 0 ? '' : (stdout ?? '') }
    } finally {
      engine.free()
    }
  })
}

/** The engine needs an empty shadow database each time it replays the migrations. */
function factoryOn(main: Session) {
  const errors = { last: undefined }
  const given = { schema: 'public', errors, createSchema: true }
  return adapterFactory(
    engineDialectOf(main),
    async () => ({ ...given, session: main }),
    async () => {
      const { resource, release } = await holdOpen<Session>(onNewDatabase)
      return { ...given, session: resource, dispose: release }
    },
    errors,
  )
}

async function onNewDatabase<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const database = await createDatabase()
  const url = new ConnectionString(database.url)
  try {
    return await withSession({ kind: 'postgres', url }, {}, work)
  } finally {
    await database.drop()
  }
}
