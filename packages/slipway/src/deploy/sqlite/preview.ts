import { withSession } from '../../database/index.ts'
import { refuseNewerLedger } from '../../history/index.ts'
import { withSchemaCopy } from '../../schema/index.ts'
import { readPending } from '../pending.ts'
import type { Preview } from '../preview.ts'
import type { WorkRequest } from '../target.ts'
import { refuseFilled } from './deploy.ts'
import { sqliteHazardsToAccept, surveySqlite } from './survey.ts'
import { testOnCopy } from './test-on-copy.ts'

/** Previews a deploy to a SQLite or D1 database: see `previewDeploy`. */
export async function previewSqlite(request: WorkRequest): Promise<Preview> {
  const { address, migrations } = request
  return await withSession(address, { applicationName: 'slipway plan' }, async (session) => {
    await refuseNewerLedger(session)
    const pending = await readPending(session, migrations)
    const { before, squashes, plans } = pending
    if (plans.length > 0 && before.applied.length === 0) await refuseFilled(session)
    const { tested } = await withSchemaCopy(session, (copy) => testOnCopy(copy, plans))
    const ahead = await surveySqlite(session, pending, { ...request, tested })
    const toAccept = request.protected ? sqliteHazardsToAccept(ahead) : []
    return {
      database: session.server.database,
      before,
      plans,
      squashes,
      ...ahead,
      toAccept: [...new Set(toAccept.map(({ id }) => id))],
      preChecks: [],
    }
  })
}
