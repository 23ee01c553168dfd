import { advice, command, type NextAction } from '../kernel/index.ts'
import type { Squash } from '../squash/index.ts'
import { destructionText, objectName } from '../statements/index.ts'
import type { Flags } from './flags.ts'
import { type Block, status } from './view.ts'

/** The result of a squash. It holds no SQL, for in that are rows. */
export function squashResult(squash: Squash, file: string | undefined) {
  const {
    name,
    form,
    fallback,
    statements,
    groups,
    squashed,
    after,
    rows,
    unlike,
    columnOrder,
    down,
  } = squash
  return {
    migration: { name, path: file ?? null },
    written: file !== undefined,
    form,
    fallback: fallback ?? null,
    statements,
    groups,
    squashes: squashed.map((one) => one.name),
    after,
    rows,
    unlike,
    columnOrder,
    down: { grade: down.grade ?? null, proven: down.proven, statements: down.statements },
  }
}

/** What the squash is, what was compared, and what is not as before. */
export function squashBlocks(squash: Squash, file: string | undefined): Block[] {
  const { name, statements, squashed, after } = squash
  const [first, last] = [squashed[0]?.name, squashed.at(-1)?.name]
  const compared = [
    'objects, rights, rows, sequences',
    ...(after.length > 0 ? [`also behind the ${after.length} that stay`] : []),
  ].join('; ')
  return [
    status(
      'done',
      `${squashed.length} migrations become ${name}: ${statements} statements`,
      `${first} to ${last}`,
    ),
    status('done', 'Both histories were run, and give the same', compared),
    ...formNotes(squash),
    ...differenceNotes(squash),
    file === undefined
      ? status('pending', 'Nothing is written yet')
      : status('done', `Wrote ${name}, removed ${squashed.length} folders`, file),
  ]
}

/** How it is made. */
function formNotes({ form, fallback, groups, rows }: Squash): Block[] {
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
  const why = fallback ?? 'it runs on rows'
  return [
    status('note', 'Their statements stand one behind the other', why),
    ...(groups > 1
      ? [
          status(
            'note',
            `It runs in ${groups} transactions`,
            'cut off in between, a deploy goes on',
          ),
        ]
      : []),
  ]
}

/** What is not as before. */
function differenceNotes({ form, unlike, columnOrder, down }: Squash): Block[] {
  const values =
    form === 'catalog' ? 'those of this run are written down' : 'they are made anew, as before'
  return [
    ...unlike.map((one) =>
      status('note', `${destructionText(one)} has other values with each run`, values),
    ),
    ...columnOrder.map(({ table }) =>
      status('note', `${table} has its columns in another order`, 'no difference to a query'),
    ),
    ...(down.proven
      ? []
      : [status('warning', 'Its down migration does not bring back the state before', 'down.sql')]),
  ]
}

function rowsText(written: number, rows: Squash['rows']): string {
  const tables = rows.length === 1 ? 'one table' : `${rows.length} tables`
  return `It writes ${written === 1 ? 'one row' : `${written} rows`} into ${tables}, as they did`
}

/** What to do with it. */
export function squashNext(
  { name }: Squash,
  asked: { readonly written: boolean; readonly args: readonly string[]; readonly flags: Flags },
): NextAction[] {
  if (asked.written)
    return [
      advice(`Commit ${name} with the removal of what it stands for, in a commit of its own`),
      command(['deploy'], 'a target that has them records it, and runs nothing'),
    ]
  const range = ['from', 'to'].flatMap((flag) => {
    const value = asked.flags.text(flag)
    return value === undefined ? [] : [`--${flag}`, value]
  })
  const words = ['squash', ...asked.args, ...range, '--write']
  return [
    command(words, 'write it'),
    advice('First let every target have all of them: one that has a part needs the old commit'),
  ]
}
