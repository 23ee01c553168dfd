import type { SeedVerifyResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { seededBlocks, setStatusBlocks } from '../seed-view.ts'
import { type Block, status } from '../view.ts'

export const seedRun: Handler = async ({ slipway, confirm }, { flags }) => {
  const asked = { sets: flags.list('set'), dryRun: flags.on('dry-run'), confirm }
  return presentOutcome(await slipway.seed.run(asked), ({ sets, dryRun, ...target }) =>
    seededBlocks(sets, { place: placeOf(target), dryRun }),
  )
}

export const seedStatus: Handler = async ({ slipway }) =>
  presentOutcome(await slipway.seed.status(), ({ sets, ...target }) =>
    setStatusBlocks(sets, placeOf(target)),
  )

export const seedVerify: Handler = async ({ slipway }, { flags }) => {
  const outcome = await slipway.seed.verify({ sets: flags.list('set') })
  const differs = outcome.ok && outcome.result.differences.length > 0
  return presentOutcome(outcome, verified, differs ? { exitCode: 4 } : {})
}

function verified({ sets, verified: names, differences, ...target }: SeedVerifyResult): Block[] {
  const text = `All rows of ${names.join(', ') || 'no set'} exist and are equal`
  const whole = differences.length === 0 ? [status('done', text)] : []
  return [...setStatusBlocks(sets, placeOf(target)), ...whole]
}
