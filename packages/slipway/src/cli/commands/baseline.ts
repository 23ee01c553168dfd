import type { BaselineResult } from '../../app/index.ts'
import { objectText } from '../../statements/index.ts'
import { adoptView } from '../adopt-view.ts'
import type { Handler } from '../command.ts'
import { presentOutcome } from '../present-outcome.ts'
import { type Block, status } from '../view.ts'

export const baseline: Handler = async ({ slipway, confirm }, { flags }) => {
  const name = flags.text('write')
  if (name !== undefined)
    return presentOutcome(await slipway.baseline.write(name, { confirm }), adoptView)
  const asked = { to: flags.text('to'), accept: flags.list('accept'), confirm }
  return presentOutcome(await slipway.baseline(asked), view)
}

function view({ recorded, undecided, pending, changes }: BaselineResult): Block[] {
  return [
    ...recorded.map((one) =>
      undecided.includes(one)
        ? status(
            'warning',
            `Recorded ${one}`,
            'it changes only rows, so the schema comparison cannot detect it',
          )
        : status('done', `Recorded ${one}`),
    ),
    ...pending.map((one) => status('pending', one, 'pending')),
    ...changes.map(({ change, object }) =>
      status('warning', `${objectText(object)} is ${change}`, 'accepted'),
    ),
  ]
}
