import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import { postgresTable } from './postgres/prisma-table.ts'
import type { PrismaTable } from './prisma-table.ts'
import { sqliteTable } from './sqlite/prisma-table.ts'

const TABLES: ByDialect<PrismaTable> = { postgres: postgresTable, sqlite: sqliteTable }

/** Prisma's history table in the dialect of a session. */
export function prismaTableOf(session: Session): PrismaTable {
  return TABLES[dialectOf(session)]
}
