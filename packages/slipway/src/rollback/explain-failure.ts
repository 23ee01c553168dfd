import { advice, command, type Failure, failureFrom, formatRows } from '../kernel/index.ts'
import type { Fill } from '../safekeeping/index.ts'
import { fillText } from './fill.ts'

type ServerError = NonNullable<Failure['server']>

/**
 * Explains a rollback failure that the restoring functions raised; returns any other unchanged. `fills`: the
 * values given with `--fill`.
 */
export function explainFailure(failure: Failure, fills: readonly Fill[]): Failure {
  const explained = explain(failure, fills)
  if (explained === undefined || failure.code !== 'DEPLOY.INCOMPLETE') return explained ?? failure
  // The statements before it remain in effect, so the migration is partly rolled back.
  const { code, nextActions } = failure
  const repair = nextActions.filter((one) => one.kind === 'slipway' && one.args[0] === 'repair')
  return { ...explained, code, nextActions: [...explained.nextActions, ...repair] }
}

function explain(failure: Failure, fills: readonly Fill[]): Failure | undefined {
  const { server } = failure
  switch (server?.sqlstate) {
    case 'SLW01':
      return refuseUnlike(failure)
    case 'SLW04':
      return askForValue(failure, server, fills)
    default:
      return undefined
  }
}

/** The server stored other values than the kept ones. */
function refuseUnlike({ code, why, where }: Failure): Failure {
  const rest = code === 'DEPLOY.INCOMPLETE' ? why : 'The migration was not rolled back.'
  return failureFrom('ROLLBACK.UNLIKE_KEPT', {
    message: 'The restored rows or values would differ from the kept ones.',
    why: `The type of a column was changed after the deploy, so that it cannot hold the kept values unchanged. ${rest} The data is still kept.`,
    nextActions: [
      command(['drift'], 'see what was changed'),
      advice('Change the column back to its original type, then roll back.'),
    ],
    ...(where === undefined ? {} : { where }),
  })
}

/** Rows have no value for a column that becomes NOT NULL: says how to give one. */
function askForValue(failure: Failure, server: ServerError, fills: readonly Fill[]): Failure {
  const { why, where } = failure
  const commands = failure.nextActions.flatMap((one) => (one.kind === 'slipway' ? [one.args] : []))
  const args = commands.find(([name]) => name === 'rollback') ?? ['rollback']
  const [, table = '', column = ''] = /^(.*)\.(.*)$/s.exec(server.detail ?? '') ?? []
  const count = Number.parseInt(server.message, 10)
  const rows = `${formatRows(count)} of ${table} ${count === 1 ? 'has' : 'have'}`
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
        'set this value in these rows and continue the rollback',
      ),
    ],
    ...(where === undefined ? {} : { where }),
  })
}
