import type { DriftResult } from '../../app/index.ts'
import { choiceText } from '../../schema/index.ts'
import { adoptView } from '../adopt-view.ts'
import type { Handler } from '../command.ts'
import { presentOutcome } from '../present-outcome.ts'
import { type Block, heading, paragraph, sql, status } from '../view.ts'

export const drift: Handler = async ({ slipway }, { flags }) => {
  const name = flags.text('write')
  if (name !== undefined) return presentOutcome(await slipway.drift.adopt(name), adoptView)
  return presentOutcome(await slipway.drift(), view)
}

function view({
  database,
  drifted,
  sql: { toHistory, toTarget },
  choices,
  columnOrder,
  unmodelled,
  unknown,
}: DriftResult): Block[] {
  if (unknown !== null) return []
  return [
    drifted
      ? paragraph(`${database} is not what its history gives.`)
      : status('done', `${database} is what its history gives`),
    ...(toHistory ? [heading('To make the database like its history'), sql(toHistory)] : []),
    ...choices.map((choice) => status('warning', choiceText(choice))),
    ...(toTarget ? [heading('To make a migration of what the database has'), sql(toTarget)] : []),
    ...columnOrder.map(({ table }) =>
      status('note', `${table} has its columns in another order`, 'no drift'),
    ),
    ...unmodelled.map((objects) => status('warning', `Not compared: ${objects}`)),
  ]
}
