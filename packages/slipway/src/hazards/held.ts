import { keyOf } from '../schema/index.ts'
import type { Action } from '../statements/index.ts'
import { isFilled } from './facts.ts'
import type { Context, HeldLock } from './hazard.ts'
import { blockedBy, stronger } from './lock-mode.ts'
import { locksOf } from './locks.ts'
import { full } from './names.ts'

/**
 * The first of the strongest locks that the transaction already holds on filled tables while an action
 * runs. VALIDATE CONSTRAINT also runs under the locks of the other parts of its ALTER TABLE. A lock that
 * only blocks writes does not count if the action takes it itself, because another hazard reports that.
 */
export function strongestHeldLock(action: Action, context: Context): HeldLock | undefined {
  const own = locksOf(action, context.schema)
  const held = context.held.filter(
    (one) =>
      (action.kind === 'validate-constraint' || one.statement !== context.statement) &&
      isFilled(context, one.table) &&
      (blockedBy(one.lock) === 'reads and writes' ||
        (blockedBy(one.lock) === 'writes' && !own.some((other) => covers(context, other, one)))),
  )
  return held.find(({ lock }) => blockedBy(lock) === 'reads and writes') ?? held[0]
}

type Lock = Pick<HeldLock, 'table' | 'lock'>

function covers({ schema }: Context, one: Lock, other: Lock): boolean {
  const same = keyOf(schema, one.table) === keyOf(schema, other.table)
  return same && stronger(one.lock, other.lock) === one.lock
}

/** What other sessions cannot do until the transaction ends: `no other session can write to users`. */
export function blockedText(context: Context, { table, lock }: HeldLock): string {
  const what = blockedBy(lock) === 'writes' ? 'write to' : 'read or write'
  return `no other session can ${what} ${full(context, table)}`
}
