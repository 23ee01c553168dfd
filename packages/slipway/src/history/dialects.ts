import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import { newerLedgerOnPostgres, refuseNewerLedgerOnPostgres } from './postgres/ledger-version.ts'
import { postgresTable } from './postgres/prisma-table.ts'
import type { PrismaTable } from './prisma-table.ts'
import { newerLedgerOnSqlite, refuseNewerLedgerOnSqlite } from './sqlite/ledger.ts'
import { sqliteTable } from './sqlite/prisma-table.ts'

const TABLES: ByDialect<PrismaTable> = { postgres: postgresTable, sqlite: sqliteTable }

/** Prisma's history table in the dialect of a session. */
export function prismaTableOf(session: Session): PrismaTable {
  return TABLES[dialectOf(session)]
}

interface NewerLedger {
  readonly find: (session: Session) => Promise<number | undefined>
  readonly refuse: (session: Session) => Promise<void>
}

const NEWER: ByDialect<NewerLedger> = {
  postgres: { find: newerLedgerOnPostgres, refuse: refuseNewerLedgerOnPostgres },
  sqlite: { find: newerLedgerOnSqlite, refuse: refuseNewerLedgerOnSqlite },
}

/**
 * Fails with HISTORY.LEDGER_NEWER if a newer version of Slipway wrote the ledger. Each command that reads the ledger
 * calls it first: what the ledger says may mean something else there.
 */
export async function refuseNewerLedger(session: Session): Promise<void> {
  await NEWER[dialectOf(session)].refuse(session)
}

/** A sentence about the ledger if a newer version of Slipway wrote it, for commands that do not read it. */
export async function newerLedgerNotice(session: Session): Promise<string | undefined> {
  const version = await NEWER[dialectOf(session)].find(session)
  return version === undefined
    ? undefined
    : `A newer version of Slipway wrote the ledger of this database (layout ${version}). Deploy and roll back with that version.`
}
