import { withSession } from '../../database/index.ts'
import { withSnapshot } from '../../seeds/index.ts'
import { type Handler, report } from '../command.ts'
import { fileBlocks, fileResults } from '../sync-view.ts'
import { filesOf, planned, sideOf } from '../syncing.ts'
import { directAddress, readWork } from '../work.ts'

/** The set of tables that no set has. */
const FALLBACK = 'reference'

export const seedExport: Handler = async (context, input) => {
  const work = await readWork(context)
  const dryRun = input.flags.on('dry-run')
  const options = { applicationName: 'slipway seed' }
  return await withSession(await directAddress(work), options, async (session) => {
    const source = await sideOf(session, work)
    return await withSnapshot(session, async () => {
      const known = await planned({ source, target: source }, work, input)
      const asked = { ...known, fallback: FALLBACK }
      const files = await filesOf(context, { work, input, source }, asked)
      try {
        if (!dryRun) await files.put()
        const { database } = session.server
        const { environment } = work.target
        const result = { environment, database, dryRun, ...fileResults(files) }
        return report(result, fileBlocks(files, { dryRun }))
      } finally {
        await files.discard()
      }
    })
  })
}
