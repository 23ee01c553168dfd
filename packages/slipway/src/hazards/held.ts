import { isFilled } from './facts.ts'
import type { Context, HeldLock } from './hazard.ts'

/** The first lock against all readers that an earlier statement of the transaction holds on a filled table. */
export function heldAgainstReaders(context: Context): HeldLock | undefined {
  return context.held.find(
    ({ table, lock, statement }) =>
      lock === 'ACCESS EXCLUSIVE' && statement !== context.statement && isFilled(context, table),
  )
}
