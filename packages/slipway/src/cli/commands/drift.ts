import type { DriftResult } from '../../app/index.ts'
import { type Destruction, destructionText } from '../../statements/index.ts'
import { adoptView } from '../adopt-view.ts'
import type { Handler } from '../command.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { type Block, heading, paragraph, sql, status } from '../view.ts'

export const drift: Handler = async ({ slipway, confirm }, { flags }) => {
  const name = flags.text('write')
  if (name !== undefined)
    return presentOutcome(await slipway.drift.adopt(name, { confirm }), adoptView)
  const outcome = await slipway.drift()
  const choices = await choiceTexts(outcome.result?.choices ?? [])
  return presentOutcome(outcome, (result) => view(result, choices))
}

/** Loads the schema module only if there are choices, because loading it is slower than a known comparison. */
async function choiceTexts(choices: DriftResult['choices']): Promise<string[]> {
  if (choices.length === 0) return []
  const { choiceText } = await import('../../schema/index.ts')
  return choices.map(choiceText)
}

function view(result: DriftResult, choices: readonly string[]): Block[] {
  const { drifted, columnOrder, unmodelled, unknown } = result
  const { toHistory, toTarget } = result.sql
  const lost = (losses: readonly Destruction[], where: string) =>
    losses.map((loss) => status('warning', `lossy: ${destructionText(loss)}${where}`))
  const place = placeOf(result)
  if (unknown !== null) return []
  return [
    drifted
      ? paragraph(`${place} differs from its history.`)
      : status('done', `${place} matches its history`),
    ...(toHistory ? [heading('SQL that returns the database to its history'), sql(toHistory)] : []),
    ...lost(result.loses.toHistory, ''),
    ...choices.map((choice) => status('warning', choice)),
    ...(toTarget ? [heading('SQL for a migration that keeps the changes'), sql(toTarget)] : []),
    ...lost(result.loses.toTarget, ' on other databases'),
    ...columnOrder.map(({ table }) =>
      status('note', `${table} has its columns in a different order`, 'not drift'),
    ),
    ...unmodelled.map((objects) => status('warning', `Not compared: ${objects}`)),
  ]
}
