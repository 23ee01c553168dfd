import { must } from '../../kernel/index.ts'
import type { Session } from '../port.ts'

/** A SQLite or D1 session, which can run a script as one transaction. */
export type AtomicSession = Session & Required<Pick<Session, 'runAtomically'>>

/** A SQLite or D1 session as an atomic session. */
export function atomic(session: Session): AtomicSession {
  return { ...session, runAtomically: must(session.runAtomically, 'a session of SQLite or D1') }
}
