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
  /** The tables and columns of `schema` that may be renamed. */
  selectRenamable(schema: DatabaseSchema, session: Session): Promise<DatabaseSchema>
  /** Prisma's SQL without drops of objects that cannot be renamed. */
  withoutFixedDrops(sql: string, session: Session): Promise<string>
  /** Prisma's SQL in a form that the database accepts. */
  makeRunnable(sql: string, session: Session): Promise<string>
  /** Keeps what Prisma's SQL would destroy, because its schema language cannot express it. */
  keepInexpressible(sql: string, options: KeepOptions): Promise<KeptSql>
}

const DIALECTS: ByDialect<() => Promise<DraftDialect>> = {
  postgres: async () => ({
    readSchema: async (_, catalogs) => schemaOf(await catalogs.whole()),
    readSchemaInTransaction: async (session) => schemaOf(await readCatalogInTransaction(session)),
    selectRenamable: async (schema) => schema,
    withoutFixedDrops: async (sql) => sql,
    makeRunnable: async (sql) => sql,
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
      selectRenamable: renamableOnSqlite,
      withoutFixedDrops: async (sql, session) => (await keepVirtualTables(sql, session)).sql,
      makeRunnable: async (sql, session) =>
        await withDependentsDropped(await withFreeTemporaryNames(sql, session), session),
      keepInexpressible: keepInexpressibleOnSqlite,
    }
  },
}

/** How a draft reads the database of a session. */
export async function draftDialectOf(session: Session): Promise<DraftDialect> {
  return await DIALECTS[dialectOf(session)]()
}
