import { withSession } from '../database/index.ts'
import { withSnapshot } from '../seeds/index.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn } from './outcome.ts'
import {
  filesResult,
  planRows,
  prepareRowFiles,
  type RowOptions,
  type SeedFilesResult,
  sideOf,
} from './seed-files.ts'
import { directAddress, readWork, type TargetResult, targetResult } from './work.ts'

/** What was written to data files. */
export interface SeedExportResult extends TargetResult, SeedFilesResult {
  readonly dryRun: boolean
}

/** The set for tables that belong to no other set. */
const FALLBACK = 'reference'

/** Writes the rows of tables to the data files of sets. Changes no database. */
export async function exportRows(
  context: AppContext,
  asked: RowOptions,
): Promise<UseCaseReturn<SeedExportResult>> {
  const work = await readWork(context)
  const { dryRun = false } = asked
  const options = { applicationName: 'slipway seed' }
  return await withSession(await directAddress(work), options, async (session) => {
    const source = await sideOf(session, work)
    return await withSnapshot(session, async () => {
      const known = await planRows({ source, target: source }, { work, context }, asked)
      const files = await prepareRowFiles(
        context,
        { work, asked, source },
        { ...known, fallback: FALLBACK },
      )
      try {
        if (!dryRun) await files.put()
        const target = targetResult(work, session.server.database)
        return { result: { ...target, dryRun, ...filesResult(files) } }
      } finally {
        await files.discard()
      }
    })
  })
}
