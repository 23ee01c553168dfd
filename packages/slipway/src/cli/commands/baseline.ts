import { command } from '../../kernel/index.ts'
import { baseline as run, refuseNoMigrations } from '../../repair/index.ts'
import { objectText } from '../../statements/index.ts'
import { refuseUnknownAccepts } from '../accept.ts'
import { adoptTarget } from '../adoption.ts'
import { type Handler, report } from '../command.ts'
import { status } from '../view.ts'
import { readWork, requirePolicyConsent, workRequest } from '../work.ts'

export const baseline: Handler = async (context, { flags }) => {
  const accepted = flags.list('accept')
  refuseUnknownAccepts(accepted, ['drift'])
  const work = await readWork(context, { mayLackMigrations: true })
  const name = flags.text('write')
  if (name === undefined) refuseNoMigrations(work.migrations)
  await requirePolicyConsent(context, work)
  if (name !== undefined) return await adoptTarget(context, work, name)
  const request = await workRequest(context, work)
  const outcome = await run({
    ...request,
    upTo: flags.text('to'),
    accept: accepted.includes('drift'),
  })
  const { database, recorded, undecided, pending, changes } = outcome
  const view = [
    ...recorded.map((one) =>
      undecided.includes(one)
        ? status('warning', `Recorded ${one}`, 'it changes rows alone, so nobody can see it')
        : status('done', `Recorded ${one}`),
    ),
    ...pending.map((one) => status('pending', one, 'pending')),
    ...changes.map(({ change, object }) =>
      status('warning', `${objectText(object)} is ${change}`, 'accepted'),
    ),
  ]
  return report(
    { environment: work.target.environment, database, recorded, undecided, pending, changes },
    view,
    {
      next:
        pending.length > 0
          ? [command(['deploy'], 'apply what is pending')]
          : [command(['status'], 'see it')],
    },
  )
}
