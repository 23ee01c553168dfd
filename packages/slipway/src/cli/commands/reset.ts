import { reset as run } from '../../repair/index.ts'
import { type Handler, report } from '../command.ts'
import { failedWork } from '../failed-work.ts'
import { receiptLines } from '../receipts-view.ts'
import { status } from '../view.ts'
import { consentOf, readWork, workRequest } from '../work.ts'

export const reset: Handler = async (context) => {
  const work = await readWork(context)
  const { environment, schemas } = work.target
  const request = await workRequest(context, work)
  const { database, dropped, deploy } = await run({
    ...request,
    environment,
    schemas,
    consent: consentOf(context),
  })
  const { receipts, verification } = deploy
  const result = {
    environment,
    database,
    dropped,
    receipts,
    verified: verification?.verified ?? null,
  }
  const view = [
    status('done', `Dropped ${dropped.join(', ')} of ${database}`),
    ...receiptLines(receipts, 'Applied'),
  ]
  return report(result, view, failedWork(deploy))
}
