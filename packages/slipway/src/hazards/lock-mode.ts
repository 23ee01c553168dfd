import { LOCK_MODES } from '../statements/index.ts'

/** A table-level lock mode, with PostgreSQL's name. */
export type LockMode = (typeof LOCK_MODES)[number]

/** What other sessions cannot do to the table while a lock is held. */
export type Blocks = 'reads and writes' | 'writes' | 'nothing'

/** Whether a text is the name of a lock on a table. */
export function isLockMode(text: string): text is LockMode {
  return (LOCK_MODES as readonly string[]).includes(text)
}

/** The stronger of two locks. */
export function stronger(one: LockMode, other: LockMode): LockMode {
  return LOCK_MODES.indexOf(one) >= LOCK_MODES.indexOf(other) ? one : other
}

/** What a lock prevents other sessions from doing. */
export function blockedBy(lock: LockMode | undefined): Blocks {
  if (lock === undefined) return 'nothing'
  if (lock === 'ACCESS EXCLUSIVE') return 'reads and writes'
  return LOCK_MODES.indexOf(lock) >= LOCK_MODES.indexOf('SHARE') ? 'writes' : 'nothing'
}
