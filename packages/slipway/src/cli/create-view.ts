import path from 'node:path'
import type { CreateResult, WrittenDown } from '../app/index.ts'
import { choiceText } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'
import { lossBlock, proofBlocks } from './check-view.ts'
import { type Block, sql, status } from './view.ts'

/** What was written, and what its down migration cannot restore. */
export function createBlocks(
  { migration, down, kept, notKept }: CreateResult,
  cwd: string,
): Block[] {
  const spared = [
    ...kept.map(({ object, reason }) => status('note', `Kept ${objectText(object)}`, reason)),
    ...kept.flatMap(({ object, reason, caution }) =>
      caution === undefined
        ? []
        : [status('warning', `${reason} of ${objectText(object)}`, caution)],
    ),
    ...notKept.map(({ object, part, reason }) => {
      const of = part === undefined ? '' : `${part} of `
      return status('warning', `Not kept: ${of}${objectText(object)}`, reason)
    }),
  ]
  if (!migration)
    return [status('done', 'The schema matches the migrations: nothing to write'), ...spared]
  const { name, path: file, sql: text, ahead } = migration
  const files = path.relative(cwd, file) + (down ? ', down.sql' : '')
  return [
    status('done', `Wrote ${name}`, files),
    ...(ahead
      ? [
          status(
            'note',
            'Its timestamp is in the future, because the newest migration has a future timestamp',
          ),
        ]
      : []),
    ...spared,
    ...(down
      ? downBlocks(down)
      : [status('note', 'The migration is empty; rollback will write its down migration')]),
    sql(text),
  ]
}

function downBlocks({ proof, losses, choices, notRestored }: WrittenDown): Block[] {
  return [
    ...(proof
      ? [...proofBlocks(proof), ...proof.reasons.map((why) => status('warning', why))]
      : [
          status('warning', 'Its down migration does not restore the schema'),
          ...losses.map(lossBlock),
        ]),
    ...choices.map((choice) => status('warning', choiceText(choice))),
    ...notRestored.map(({ change, object }) =>
      status('warning', `${objectText(object)} is not restored (${change})`),
    ),
  ]
}
