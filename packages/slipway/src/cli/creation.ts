import path from 'node:path'
import {
  type AskRenames,
  createMigration,
  type CreateOutcome,
  type RenameCandidate,
} from '../create/index.ts'
import { choiceText } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'
import { lossBlock, proofBlocks } from './checked.ts'
import type { Context, Input } from './command.ts'
import { type Block, sql, status } from './view.ts'
import { shadowOptions, type Work } from './work.ts'

/** Writes the migration that the schema asks for, with the flags of `create` and `dev`. */
export async function createFrom(
  context: Context,
  work: Work,
  { flags, name }: Pick<Input, 'flags'> & { readonly name: string },
): Promise<CreateOutcome> {
  const { project, migrations } = work
  return await createMigration(
    {
      files: project.schema.files,
      migrationsDir: project.migrationsDir,
      history: migrations,
      shadow: shadowOptions(work),
      filter: {
        externalTables: [...project.external.tables],
        externalEnums: [...project.external.enums],
      },
      name,
      now: new Date(context.now()),
      renames: flags.list('rename'),
      noRename: flags.on('no-rename'),
      allowEmpty: flags.on('empty'),
    },
    context.prompt.interactive ? askWith(context) : undefined,
  )
}

/** The `migration`, `down` and `statements` of the result; all null where nothing was written. */
export function creationResult(outcome: CreateOutcome) {
  if (outcome.kind === 'nothing-to-do')
    return { migration: null, down: null, statements: 0, kept: outcome.kept }
  const { name, path: file, down, statements, kept } = outcome
  const { path: downPath, grade = null, proven, losses, choices, notRestored, proof } = down ?? {}
  return {
    migration: { name, path: file },
    down: down
      ? { path: downPath, grade, proven, losses, choices, notRestored, proof: proof ?? null }
      : null,
    statements,
    kept,
  }
}

/** What was written, and what its down migration cannot bring. */
export function creationBlocks(outcome: CreateOutcome, cwd: string): Block[] {
  const kept = outcome.kept.map(({ object, reason }) =>
    status('note', `Kept ${objectText(object)}`, reason),
  )
  if (outcome.kind === 'nothing-to-do') {
    return [status('done', 'The schema is what the migrations give: nothing to write'), ...kept]
  }
  const { name, path: file, sql: text, down } = outcome
  const files = path.relative(cwd, file) + (down ? ', down.sql' : '')
  const lines = [status('done', `Wrote ${name}`, files), ...kept]
  if (!down)
    return [
      ...lines,
      status('note', 'It is empty; its down migration is written when it is known'),
      sql(text),
    ]
  return [
    ...lines,
    ...(down.proof
      ? [...proofBlocks(down.proof), ...down.proof.reasons.map((why) => status('warning', why))]
      : [
          status('warning', 'Its down migration does not bring the schema back'),
          ...down.losses.map(lossBlock),
        ]),
    ...down.choices.map((choice) => status('warning', choiceText(choice))),
    ...down.notRestored.map(({ change, object }) =>
      status('warning', `${objectText(object)} stays ${change}`),
    ),
    sql(text),
  ]
}

/** Asks of each candidate whether it is a rename; one that shares a name with a chosen one is not asked. */
function askWith({ prompt }: Context): AskRenames {
  return async (candidates) => {
    const chosen: RenameCandidate[] = []
    for (const one of candidates) {
      if (chosen.some(({ from, to }) => from === one.from || to === one.to)) continue
      const message = `Is ${one.kind} ${one.from} renamed to ${one.to}? No: it is dropped, and the other is new.`
      const answer = await prompt.select({
        message,
        flag: `--rename ${one.flag}`,
        choices: [
          { value: 'rename', label: 'It is renamed' },
          { value: 'drop', label: 'One is dropped, the other is new' },
        ],
      })
      if (answer === 'rename') chosen.push(one)
    }
    return chosen.map(({ flag }) => flag)
  }
}
