import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import {
  type CatalogReader,
  type DatabaseSchema,
  readCatalogInTransaction,
  readSchema,
  schemaOf,
} from '../schema/index.ts'
import { type Spared, type SpareOptions, spareInexpressible } from './spare.ts'

/** What a draft needs to know of a shadow database. */
interface DraftDialect {
  /** The tables and columns of a shadow database, with their types. */
  readSchema(session: Session, catalogs: CatalogReader): Promise<DatabaseSchema>
  /** The same within a transaction. */
  readSchemaInTransaction(session: Session): Promise<DatabaseSchema>
  /** Prisma's SQL in a form that the database takes. */
  runnable(sql: string, session: Session): Promise<string>
  /** Keeps what Prisma's SQL would destroy, because its schema language cannot express it. */
  spare(sql: string, options: SpareOptions): Promise<Spared>
}

const DIALECTS: ByDialect<() => Promise<DraftDialect>> = {
  postgres: async () => ({
    readSchema: async (_, catalogs) => schemaOf(await catalogs.whole()),
    readSchemaInTransaction: async (session) => schemaOf(await readCatalogInTransaction(session)),
    runnable: async (sql) => sql,
    spare: spareInexpressible,
  }),
  async sqlite() {
    const [{ spareOnSqlite }, { withoutUsers }] = await Promise.all([
      import('./sqlite/spare.ts'),
      import('./sqlite/table-users.ts'),
    ])
    return {
      readSchema: (session) => readSchema(session, { keys: true }),
      readSchemaInTransaction: (session) => readSchema(session, { keys: true }),
      runnable: withoutUsers,
      spare: spareOnSqlite,
    }
  },
}

/** How a draft reads the database of a session. */
export async function draftDialectOf(session: Session): Promise<DraftDialect> {
  return await DIALECTS[dialectOf(session)]()
}
