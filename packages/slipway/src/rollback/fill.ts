import { advice, command, type Failure, failureFrom } from '../kernel/index.ts'
import type { Fill } from '../safekeeping/index.ts'
import { raise } from './failures.ts'

const FORM = /^(?:(?<schema>[^=]+)\.)?(?<table>[^.=]+)\.(?<column>[^.=]+)=(?<value>.*)$/s

/** Reads `table.column=value` or `schema.table.column=value`. Fails with ROLLBACK.FILL_FORM. */
export function readFill(text: string): Fill {
  const { schema, table: name, column, value } = FORM.exec(text)?.groups ?? {}
  if (name === undefined || column === undefined || value === undefined) {
    return raise('ROLLBACK.FILL_FORM', {
      message: `\`--fill ${text}\` is not of the form table.column=value.`,
      nextActions: [advice('Name the column and its table: --fill User.email=unknown.')],
    })
  }
  return { table: { name, ...(schema === undefined ? {} : { schema }) }, column, value }
}

/** What the server raises where rows lack a value for a column that becomes NOT NULL. */
const NO_VALUE = 'SLW04'

/** A failure of a rollback that says what to give where rows lack a value; any other as it is. */
export function askForValue(failure: Failure): Failure {
  const { server, why, where } = failure
  if (server?.sqlstate !== NO_VALUE) return failure
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
        [...args, '--fill', `${table}.${column}=<value>`],
        'give these rows a value, and do the rest',
      ),
    ],
    ...(where === undefined ? {} : { where }),
    server,
  })
}
