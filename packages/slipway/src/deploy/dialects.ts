import { type ByDialect, dialectOf } from '../database/index.ts'
import { deploy as deployPostgres, type DeployOutcome, type DeployRequest } from './deploy.ts'

const DEPLOYS: ByDialect<(request: DeployRequest) => Promise<DeployOutcome>> = {
  postgres: deployPostgres,
  sqlite: async (request) => await (await import('./sqlite/deploy.ts')).deploySqlite(request),
}

/** Deploys the pending migrations to a target: see `deploy.ts` and `sqlite/deploy.ts`. */
export async function deploy(request: DeployRequest): Promise<DeployOutcome> {
  return await DEPLOYS[dialectOf(request.address)](request)
}
