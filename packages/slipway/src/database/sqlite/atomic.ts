import { must } from '../../kernel/index.ts'
import type { Session } from '../port.ts'

/** A session that can run a script as one transaction: of SQLite, or of D1. */
export type AtomicSession = Session & Required<Pick<Session, 'runAtomically'>>

/** A session of SQLite or D1, as an atomic session. */
export function atomic(session: Session): AtomicSession {
  return { ...session, runAtomically: must(session.runAtomically, 'a session of SQLite or D1') }
}
