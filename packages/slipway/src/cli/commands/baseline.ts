import { command } from '../../kernel/index.ts'
import { baseline as run } from '../../repair/index.ts'
import { refuseUnknownAccepts } from '../accept.ts'
import { type Handler, report } from '../command.ts'
import { status } from '../view.ts'
import { readWork, requirePolicyConsent, workRequest } from '../work.ts'

export const baseline: Handler = async (context, { flags }) => {
  const accepted = flags.list('accept')
  refuseUnknownAccepts(accepted, ['drift'])
  const work = await readWork(context)
  await requirePolicyConsent(context, work)
  const request = await workRequest(context, work)
  const outcome = await run({
    ...request,
    upTo: flags.text('to'),
    accept: accepted.includes('drift'),
  })
  const { database, recorded, pending, changes } = outcome
  const view = [
    ...recorded.map((name) => status('done', `Recorded ${name}`)),
    ...pending.map((name) => status('pending', name, 'pending')),
    ...changes.map(({ change, object }) => status('warning', `${object} is ${change}`, 'accepted')),
  ]
  return report(
    { environment: work.target.environment, database, recorded, pending, changes },
    view,
    {
      next:
        pending.length > 0
          ? [command('slipway deploy', 'apply what is pending')]
          : [command('slipway status', 'see it')],
    },
  )
}
