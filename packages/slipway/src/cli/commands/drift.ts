import { type DriftReport, inspectDrift } from '../../drift/index.ts'
import { type Change, choiceText } from '../../schema/index.ts'
import { objectText } from '../../statements/index.ts'
import { adoptTarget } from '../adoption.ts'
import { type Finding, type Handler, report } from '../command.ts'
import { type Block, heading, paragraph, sql, status } from '../view.ts'
import { readWork, workRequest } from '../work.ts'

export const drift: Handler = async (context, { flags }) => {
  const work = await readWork(context)
  const name = flags.text('write')
  if (name !== undefined) return await adoptTarget(context, work, name)
  const found = await inspectDrift({
    ...(await workRequest(context, work)),
    schemas: work.target.schemas,
  })
  const {
    database,
    drifted,
    basis,
    changes,
    toHistory,
    toTarget,
    choices,
    columnOrder,
    unmodelled,
    unknown,
  } = found
  const result = {
    environment: work.target.environment,
    database,
    drifted,
    basis,
    changes,
    sql: { toHistory, toTarget },
    choices,
    columnOrder,
    unmodelled,
    unknown: unknown ?? null,
  }
  return report(result, view(found), { findings: findingsOf(found) })
}

/** Not to know is no "no drift": a gate in CI must not pass on it. */
function findingsOf({ changes, unknown }: DriftReport): Finding[] {
  if (unknown !== undefined) {
    return [
      {
        id: 'drift-unknown',
        severity: 'error',
        message: `The database cannot be compared with its history. ${unknown}`,
      },
    ]
  }
  return changes.map((change) => ({ id: 'drift', severity: 'error', message: changeText(change) }))
}

function changeText({ change, object, attributes }: Change): string {
  const what = {
    added: 'is in the database alone',
    removed: 'is missing in the database',
    changed: 'is different',
  }[change]
  return `${objectText(object)} ${what}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''}`
}

function view({
  database,
  drifted,
  toHistory,
  toTarget,
  choices,
  columnOrder,
  unmodelled,
  unknown,
}: DriftReport): Block[] {
  if (unknown !== undefined) return []
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
