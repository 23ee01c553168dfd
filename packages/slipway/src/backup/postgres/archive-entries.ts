import { command } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** Lists the entries of an archive that pg_restore selects with these flags. */
type ListEntries = (flags: readonly string[]) => Promise<string>

/**
 * The lines of an archive's list for the named tables, in the order of the names. pg_restore's own flags are
 * not enough: they select every named table in every named schema. Fails with BACKUP.TABLE_UNKNOWN.
 */
export async function entriesOfTables(
  names: readonly string[],
  list: ListEntries,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of names) found.push(...(await entriesOf(name, list)))
  return [...new Set(found)]
}

/** Tries each dot as the separator, because schema and table names may contain dots. */
async function entriesOf(name: string, list: ListEntries): Promise<readonly string[]> {
  const dots = [...name.matchAll(/\./g)].map(({ index }) => index)
  const readings = [
    ...dots.map((at) => [`--schema=${name.slice(0, at)}`, `--table=${name.slice(at + 1)}`]),
    [`--table=${name}`],
  ]
  for (const flags of readings) {
    const lines = (await list(flags)).split('\n').filter((line) => /^\d+;/.test(line))
    if (lines.length > 0) return lines
  }
  return raise('BACKUP.TABLE_UNKNOWN', {
    message: `The backup has no table ${name}.`,
    why: 'A table is named as schema.table, in its exact upper and lower case.',
    nextActions: [command(['backup', 'list'], 'see the other backups')],
  })
}
