import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import {
  type CatalogReader,
  type DatabaseSchema,
  readCatalogInTransaction,
  readSchema,
  schemaOf,
} from '../schema/index.ts'
import { type KeptSql, type KeepOptions, keepInexpressible } from './keep-inexpressible.ts'

/** How a draft reads a shadow database and adapts Prisma's SQL to it. */
interface DraftDialect {
  /** The tables and columns of a shadow database, with their types. */
  readSchema(session: Session, catalogs: CatalogReader): Promise<DatabaseSchema>
  /** The same within a transaction. */
  readSchemaInTransaction(session: Session): Promise<DatabaseSchema>
  /** The part of a session's current schema that can be part of a rename. */
  renamable(schema: DatabaseSchema, session: Session): Promise<DatabaseSchema>
  /** Prisma's SQL without drops that cannot be part of a rename. */
  renaming(sql: string, session: Session): Promise<string>
  /** Prisma's SQL in a form that the database accepts. */
  runnable(sql: string, session: Session): Promise<string>
  /** Keeps what Prisma's SQL would destroy, because its schema language cannot express it. */
  keepInexpressible(sql: string, options: KeepOptions): Promise<KeptSql>
}

const DIALECTS: ByDialect<() => Promise<DraftDialect>> = {
  postgres: async () => ({
    readSchema: async (_, catalogs) => schemaOf(await catalogs.whole()),
    readSchemaInTransaction: async (session) => schemaOf(await readCatalogInTransaction(session)),
    renamable: async (schema) => schema,
    renaming: async (sql) => sql,
    runnable: async (sql) => sql,
    keepInexpressible,
  }),
  async sqlite() {
    const [
      { keepInexpressibleOnSqlite },
      { withDependentsDropped },
      { withFreeTemporaryNames },
      { renamableOnSqlite },
      { keepVirtualTables },
    ] = await Promise.all([
      import('./sqlite/keep-inexpressible.ts'),
      import('./sqlite/dependents.ts'),
      import('./sqlite/temporary-names.ts'),
      import('./sqlite/renamable.ts'),
      import('./sqlite/virtual-tables.ts'),
    ])
    return {
      readSchema: (session) => readSchema(session, { keys: true }),
      readSchemaInTransaction: (session) => readSchema(session, { keys: true }),
      renamable: renamableOnSqlite,
      renaming: async (sql, session) => (await keepVirtualTables(sql, session)).sql,
      runnable: async (sql, session) =>
        await withDependentsDropped(await withFreeTemporaryNames(sql, session), session),
      keepInexpressible: keepInexpressibleOnSqlite,
    }
  },
}

/** How a draft reads the database of a session. */
export async function draftDialectOf(session: Session): Promise<DraftDialect> {
  return await DIALECTS[dialectOf(session)]()
}
