import type { DraftedSquash, UnfinishedResult } from '../app/index.ts'
import { destructionText, objectName } from '../statements/index.ts'
import { type Block, status } from './view.ts'

/** An interrupted squash, with the number of migrations that were removed or remain. */
export function unfinishedBlocks({ migration, finished, removed }: UnfinishedResult): Block[] {
  const { name } = migration
  const what = removed.length === 1 ? 'one migration' : `${removed.length} migrations`
  return [
    finished
      ? status('done', `Removed ${what} that ${name} replaces`)
      : status('warning', `Wrote ${name}, but did not remove ${what} that it replaces`),
  ]
}

/** The squash, what was compared, and what differs from the old migrations. */
export function squashBlocks(squash: DraftedSquash, file: string | undefined): Block[] {
  const { migration, statements, squashes: squashed, after } = squash
  const { name } = migration
  const [first, last] = [squashed[0], squashed.at(-1)]
  const compared = [
    'objects, privileges, rows, sequences',
    ...(after.length > 0 ? [`also after the ${after.length} migrations that remain`] : []),
  ].join('; ')
  return [
    status(
      'done',
      `${squashed.length} migrations become ${name}: ${statements} statements`,
      `${first} to ${last}`,
    ),
    status('done', 'Both histories were run and produce the same result', compared),
    ...formNotes(squash),
    ...differenceNotes(squash),
    file === undefined
      ? status('pending', 'Nothing is written yet')
      : status('done', `Wrote ${name}, removed ${squashed.length} folders`, file),
  ]
}

/** Notes about the form of the squash. */
function formNotes({ form, fallback, groups, rows }: DraftedSquash): Block[] {
  const written = rows.reduce((sum, table) => sum + table.rows, 0)
  if (form === 'catalog') {
    if (written === 0) return []
    return [
      status(
        'note',
        rowsText(written, rows),
        rows.map(({ table }) => objectName(table)).join(', '),
      ),
    ]
  }
  const why = fallback ?? 'it runs on existing rows'
  return [
    status('note', 'It contains their statements in order', why),
    ...(groups > 1
      ? [
          status(
            'note',
            `It runs in ${groups} transactions`,
            'if a deploy is interrupted between them, the next one continues',
          ),
        ]
      : []),
  ]
}

/** Notes about differences from the old migrations. */
function differenceNotes({ form, unlike, columnOrder, down }: DraftedSquash): Block[] {
  const values =
    form === 'catalog'
      ? 'the file contains the values of this run'
      : 'generated again by each run, as before'
  return [
    ...unlike.map((one) =>
      status('note', `${destructionText(one)} has different values in each run`, values),
    ),
    ...columnOrder.map(({ table }) =>
      status(
        'note',
        `${table} has its columns in a different order`,
        'queries that name their columns do not change',
      ),
    ),
    ...(down.proven
      ? []
      : [status('warning', 'Its down migration does not restore the previous state', 'down.sql')]),
  ]
}

function rowsText(written: number, rows: DraftedSquash['rows']): string {
  const tables = rows.length === 1 ? 'one table' : `${rows.length} tables`
  return `It writes ${written === 1 ? 'one row' : `${written} rows`} into ${tables}, as the migrations did`
}
