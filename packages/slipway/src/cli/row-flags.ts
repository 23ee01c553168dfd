import type { RowOptions } from '../app/index.ts'
import { raise } from './failures.ts'
import type { Flags } from './flags.ts'

/** The row options of `seed sync` and `seed export` from their flags. Fails with CLI.FLAG_VALUE. */
export function rowOptions(flags: Flags): RowOptions {
  const tables = flags.list('tables')
  if (tables.length === 0)
    raise('CLI.FLAG_VALUE', { message: '`--tables <table>[,…]` is required.' })
  const [set, ...others] = flags.list('set')
  if (others.length > 0)
    raise('CLI.FLAG_VALUE', { message: 'Rows are written to one set: give `--set` once.' })
  return {
    tables,
    keys: keysOf(flags),
    sensitive: flags.list('sensitive'),
    omit: flags.list('omit'),
    set,
    as: flags.text('as') as RowOptions['as'],
    dryRun: flags.on('dry-run'),
  }
}

/** The parser splits lists, and so composite keys, at commas: an item without `=` continues the one before. */
function keysOf(flags: Flags): Record<string, readonly string[]> {
  const keys = new Map<string, string[]>()
  let table: string | undefined
  for (const part of flags.list('key')) {
    const [before = '', ...after] = part.split('=')
    table = after.length > 0 ? before : table
    const column = after.length > 0 ? after.join('=') : part
    if (table === undefined || column === '')
      raise('CLI.FLAG_VALUE', {
        message: '`--key` needs a table and its columns: `table=column,…`.',
      })
    keys.set(table, [...(keys.get(table) ?? []), column])
  }
  return Object.fromEntries(keys)
}
