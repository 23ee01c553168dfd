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
      ? paragraph(`${database} differs from its history.`)
      : status('done', `${database} matches its history`),
    ...(toHistory ? [heading('SQL that returns the database to its history'), sql(toHistory)] : []),
    ...choices.map((choice) => status('warning', choiceText(choice))),
    ...(toTarget ? [heading('SQL for a migration that keeps the changes'), sql(toTarget)] : []),
    ...columnOrder.map(({ table }) =>
      status('note', `${table} has its columns in a different order`, 'not drift'),
    ),
    ...unmodelled.map((objects) => status('warning', `Not compared: ${objects}`)),
  ]
}
