import { type ByDialect, dialectOf } from '../database/index.ts'
import {
  rollback as rollBackPostgres,
  type RollbackOutcome,
  type RollbackRequest,
} from './rollback.ts'
import type { BookmarkOutcome, BookmarkRequest } from './sqlite/time-travel.ts'

const ROLLBACKS: ByDialect<(request: RollbackRequest) => Promise<RollbackOutcome>> = {
  postgres: rollBackPostgres,
  sqlite: async (request) => await (await import('./sqlite/rollback.ts')).rollBackSqlite(request),
}

/** See `restoreDeployBookmark`. Only a remote D1 database has Time Travel; its code is loaded on demand. */
export async function rollbackByTimeTravel(request: BookmarkRequest): Promise<BookmarkOutcome> {
  const { restoreDeployBookmark } = await import('./sqlite/time-travel.ts')
  return await restoreDeployBookmark(request)
}

/** Rolls back the last migrations on a target: see `rollback.ts` and `sqlite/rollback.ts`. */
export async function rollback(request: RollbackRequest): Promise<RollbackOutcome> {
  return await ROLLBACKS[dialectOf(request.address)](request)
}
