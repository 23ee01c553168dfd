import { command } from '../kernel/index.ts'
import { rollbackByTimeTravel } from '../rollback/index.ts'
import { bookmarkFinding } from './bookmark-finding.ts'
import { consentFrom } from './consent.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn } from './outcome.ts'
import type { RollbackOptions, RollbackResult } from './rollback.ts'
import { targetResult, type Work, workRequest } from './work.ts'

/** Restores a remote D1 database to its state before the deploy of the last migration. Fails with ROLLBACK.NO_BOOKMARK. */
export async function rollBackByTimeTravel(
  context: AppContext,
  work: Work,
  asked: RollbackOptions,
): Promise<UseCaseReturn<RollbackResult>> {
  const request = await workRequest(context, work)
  const outcome = await rollbackByTimeTravel({ ...request, consent: consentFrom(context, asked) })
  const { database, bookmark, undo, undone, verified, failure } = outcome
  const result: RollbackResult = {
    ...targetResult(work, database),
    receipts: [],
    backup: null,
    timeTravel: { bookmark, undo, undone },
    kept: [],
    verified,
    schemaMatches: null,
    testRun: { kind: 'not-tested', reason: 'Time Travel restored the database' },
    downMigrations: [],
  }
  const next = failure ? [] : [command(['status'], 'see what is applied')]
  return { result, findings: [bookmarkFinding(database, undo)], failure, next }
}
