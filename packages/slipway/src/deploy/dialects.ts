import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { TargetSession } from '../execution/index.ts'
import { deploy as deployPostgres, type DeployOutcome, type DeployRequest } from './deploy.ts'
import { type Preview, previewDeploy as previewPostgres } from './preview.ts'
import {
  type RecordedEnvironment,
  createHistoryTables as preparePostgresBooks,
  withTarget as withPostgresTarget,
  type WorkRequest,
} from './target.ts'

/** Work on an open target. */
type TargetWork<T> = (session: Session, target: TargetSession) => Promise<T>

/** The deploy functions of one dialect. */
interface Deploying {
  deploy(request: DeployRequest): Promise<DeployOutcome>
  preview(request: WorkRequest): Promise<Preview>
  withTarget<T>(request: WorkRequest, work: TargetWork<T>): Promise<T>
  createHistoryTables(session: Session, request?: RecordedEnvironment): Promise<void>
}

const DIALECTS: ByDialect<() => Promise<Deploying>> = {
  postgres: async () => ({
    deploy: deployPostgres,
    preview: previewPostgres,
    withTarget: withPostgresTarget,
    createHistoryTables: preparePostgresBooks,
  }),
  async sqlite() {
    const [{ deploySqlite }, { previewSqlite }, { withSqliteSession }] = await Promise.all([
      import('./sqlite/deploy.ts'),
      import('./sqlite/preview.ts'),
      import('./sqlite/target.ts'),
    ])
    return {
      deploy: deploySqlite,
      preview: previewSqlite,
      withTarget: withSqliteSession,
      // Each script creates the tables that it needs.
      createHistoryTables: async () => {},
    }
  },
}

/** Deploys the pending migrations to a target: see `deploy.ts` and `sqlite/deploy.ts`. */
export async function deploy(request: DeployRequest): Promise<DeployOutcome> {
  const dialect = await DIALECTS[dialectOf(request.address)]()
  return await dialect.deploy(request)
}

/** Previews a deploy to a target: see `preview.ts` and `sqlite/preview.ts`. */
export async function previewDeploy(request: WorkRequest): Promise<Preview> {
  const dialect = await DIALECTS[dialectOf(request.address)]()
  return await dialect.preview(request)
}

/** Opens a target for work that changes it: see `target.ts` and `sqlite/target.ts`. */
export async function withTarget<T>(request: WorkRequest, work: TargetWork<T>): Promise<T> {
  const dialect = await DIALECTS[dialectOf(request.address)]()
  return await dialect.withTarget(request, work)
}

/** Creates the history table and the ledger if work on a target needs them beforehand: see `target.ts`. */
export async function createHistoryTables(
  session: Session,
  request?: RecordedEnvironment,
): Promise<void> {
  const dialect = await DIALECTS[dialectOf(session)]()
  await dialect.createHistoryTables(session, request)
}
