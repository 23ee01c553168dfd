import { reset as run } from '../../repair/index.ts'
import { projectSeedSets } from '../../seeds/index.ts'
import { type Handler, report } from '../command.ts'
import { failedWork } from '../failed-work.ts'
import { receiptLines } from '../receipts-view.ts'
import { failedSeeds, seedBehind } from '../seeding.ts'
import { status } from '../view.ts'
import { consentOf, readWork, workRequest } from '../work.ts'

export const reset: Handler = async (context, { flags }) => {
  const work = await readWork(context)
  // A set that cannot be read is told before anything is dropped.
  if (!flags.on('no-seed')) await projectSeedSets(work.project)
  const { environment, schemas } = work.target
  const request = await workRequest(context, work)
  const { database, dropped, deploy } = await run({
    ...request,
    environment,
    schemas,
    consent: consentOf(context),
  })
  const { receipts, verification, failure } = deploy
  const seeded = await seedBehind(context, work, { flags, deployed: !failure })
  const result = {
    environment,
    database,
    dropped,
    receipts,
    verified: verification?.verified ?? null,
    seeds: seeded.seeds,
  }
  const view = [
    status('done', `Dropped ${dropped.join(', ')} of ${database}`),
    ...receiptLines(receipts, 'Applied'),
    ...seeded.view,
  ]
  const ended = failure ? failedWork(deploy) : failedSeeds(seeded)
  return report(result, view, { findings: seeded.findings, ...ended })
}
