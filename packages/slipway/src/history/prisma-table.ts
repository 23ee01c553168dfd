import type { Session } from '../database/index.ts'
import type { Failure } from '../kernel/index.ts'

/** The parts of Prisma's table `_prisma_migrations` that differ between dialects; the rest of its SQL is the same. */
export interface PrismaTable {
  /** Its name as SQL, in the schema that Prisma uses on a session. */
  nameSql(session: Session): string
  /** The columns of the table, as Prisma's connector for the database creates them. */
  readonly columnsSql: string
  /** The time at which the transaction began, if the database knows it, or else the current time. */
  readonly nowSql: string
  /** The current time, which advances within a transaction. */
  readonly clockSql: string
  /** A time of the table as text. */
  timeSql(column: string): string
  /** A string literal. */
  literal(text: string): string
  /** Whether a statement failed because the table does not exist. */
  isMissing(failure: Failure): boolean
}
