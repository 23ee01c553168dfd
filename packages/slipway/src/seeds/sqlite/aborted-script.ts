import type { AtomicSession } from '../../database/index.ts'
import { type Failure, failureOf, must } from '../../kernel/index.ts'

/** Runs a script whose last statement aborts it, so that all of it is rolled back. Returns the failure. */
export async function runAbortedScript(session: AtomicSession, script: string): Promise<Failure> {
  let failure: Failure | undefined
  try {
    await session.runAtomically(script, { foreignKeys: true })
  } catch (error) {
    failure = failureOf(error)
    if (failure === undefined) throw error
  }
  return must(failure, 'the failure of a script that ends with a guard')
}
