import { advice, command, type Failure, failureFrom } from '../kernel/index.ts'
import type { Fill } from '../safekeeping/index.ts'
import { fillText } from './fill.ts'

type ServerError = NonNullable<Failure['server']>

/**
 * A failure of a rollback in words of its own, if the functions that restore raised it; any other as it is. `fills`: the values
 * that were given.
 */
export function explainFailure(failure: Failure, fills: readonly Fill[]): Failure {
  const { server } = failure
  switch (server?.sqlstate) {
    case 'SLW01':
      return refuseUnlike(failure)
    case 'SLW04':
      return askForValue(failure, server, fills)
    default:
      return failure
  }
}

/** What the server stored is not what was kept. */
function refuseUnlike({ where }: Failure): Failure {
  return failureFrom('ROLLBACK.UNLIKE_KEPT', {
    message: 'Restored rows or values would not be those that were kept.',
    why: 'Somebody has changed the type of a column since the deploy, so that it does not hold the kept values as they were. The migration was not rolled back, and its data is still kept.',
    nextActions: [
      command(['drift'], 'see what was changed'),
      advice('Give the column its type again, and roll back then.'),
    ],
    ...(where === undefined ? {} : { where }),
  })
}

/** Rows lack a value for a column that becomes NOT NULL: says what to give. */
function askForValue(failure: Failure, server: ServerError, fills: readonly Fill[]): Failure {
  const { why, where } = failure
  const again = failure.nextActions.find(({ kind }) => kind === 'slipway')
  const args = again?.kind === 'slipway' ? again.args : ['rollback']
  const [, table = '', column = ''] = /^(.*)\.(.*)$/s.exec(server.detail ?? '') ?? []
  const count = Number.parseInt(server.message, 10)
  const rows = count === 1 ? `1 row of ${table} has` : `${count} rows of ${table} have`
  return failureFrom('ROLLBACK.VALUE_NEEDED', {
    message: `${rows} no value for the column ${column}.`,
    ...(why === undefined ? {} : { why }),
    nextActions: [
      command(
        [
          ...args,
          ...fills.flatMap((fill) => ['--fill', fillText(fill)]),
          '--fill',
          `${table}.${column}=<value>`,
        ],
        'give these rows a value, and do the rest',
      ),
    ],
    ...(where === undefined ? {} : { where }),
  })
}
