import { advice } from '../kernel/index.ts'
import type { Fill } from '../safekeeping/index.ts'
import { raise } from './failures.ts'

const FORM = /^(?:(?<schema>[^=]+)\.)?(?<table>[^.=]+)\.(?<column>[^.=]+)=(?<value>.*)$/s

/** Reads `table.column=value` or `schema.table.column=value`. Fails with ROLLBACK.FILL_FORM. */
export function readFill(text: string): Fill {
  const { schema, table: name, column, value } = FORM.exec(text)?.groups ?? {}
  if (name === undefined || column === undefined || value === undefined) {
    return raise('ROLLBACK.FILL_FORM', {
      message: `\`--fill ${text}\` does not have the form table.column=value.`,
      nextActions: [advice('Name the column and its table: --fill User.email=unknown.')],
    })
  }
  return { table: { name, ...(schema === undefined ? {} : { schema }) }, column, value }
}

/** A value in the form of `--fill`. */
export function fillText({ table: { schema, name }, column, value }: Fill): string {
  return `${schema === undefined ? '' : `${schema}.`}${name}.${column}=${value}`
}
