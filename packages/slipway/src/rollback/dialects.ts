import { type ByDialect, dialectOf } from '../database/index.ts'
import {
  rollback as rollBackPostgres,
  type RollbackOutcome,
  type RollbackRequest,
} from './rollback.ts'

const ROLLBACKS: ByDialect<(request: RollbackRequest) => Promise<RollbackOutcome>> = {
  postgres: rollBackPostgres,
  sqlite: async (request) => await (await import('./sqlite/rollback.ts')).rollBackSqlite(request),
}

/** Rolls the last migrations back on a target: see `rollback.ts` and `sqlite/rollback.ts`. */
export async function rollback(request: RollbackRequest): Promise<RollbackOutcome> {
  return await ROLLBACKS[dialectOf(request.address)](request)
}
