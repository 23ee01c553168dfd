import { withSession } from '../../database/index.ts'
import { withSchemaCopy } from '../../schema/index.ts'
import { readPending } from '../pending.ts'
import type { Preview } from '../preview.ts'
import type { WorkRequest } from '../target.ts'
import { refuseFilled } from './deploy.ts'
import { sqlitePlan } from './plan.ts'
import { testOnCopy } from './test-on-copy.ts'

/** Looks at what a deploy of a SQLite or D1 database would do: see `previewDeploy`. */
export async function previewSqlite({ address, migrations }: WorkRequest): Promise<Preview> {
  return await withSession(address, { applicationName: 'slipway plan' }, async (session) => {
    const { history, before, squashes, plans } = await readPending(session, migrations)
    if (plans.length > 0 && before.applied.length === 0) await refuseFilled(session)
    const { tested } = await withSchemaCopy(session, (copy) => testOnCopy(copy, plans))
    return {
      database: session.server.database,
      before,
      plans,
      squashes,
      plan: sqlitePlan(session, history, tested),
      hazards: [],
      toAccept: [],
      preChecks: [],
    }
  })
}
