import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import { type JournalEntry, readJournal as readPostgresJournal } from './postgres/ledger.ts'

const READERS: ByDialect<(session: Session) => Promise<JournalEntry[]>> = {
  postgres: readPostgresJournal,
  // On SQLite, each migration is one transaction and is never half done.
  sqlite: async () => [],
}

/** The journal of migrations that run step by step and have not been completed. */
export async function readJournal(session: Session): Promise<JournalEntry[]> {
  return await READERS[dialectOf(session)](session)
}
