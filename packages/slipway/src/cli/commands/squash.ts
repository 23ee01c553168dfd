import path from 'node:path'
import { command } from '../../kernel/index.ts'
import {
  draftSquash,
  finishSquash,
  type UnfinishedSquash,
  unfinishedSquash,
  writeSquash,
} from '../../squash/index.ts'
import { refuseUnknownAccepts } from '../accept.ts'
import { type Handler, type Report, report } from '../command.ts'
import { squashBlocks, squashNext, squashResult } from '../squash-view.ts'
import { status } from '../view.ts'
import { readWork, shadowOptions, type Work } from '../work.ts'

export const squash: Handler = async (context, { args, flags }) => {
  const accepted = flags.list('accept')
  refuseUnknownAccepts(accepted, ['uncommitted'])
  const work = await readWork(context, { withoutTarget: true })
  const { migrations } = work
  const { migrationsDir } = work.project
  const write = flags.on('write')
  const unfinished = unfinishedSquash(migrations)
  if (unfinished) return finish(work, { unfinished, write })
  const made = await draftSquash({
    migrations,
    from: flags.text('from'),
    to: flags.text('to'),
    name: args[0],
    shadow: shadowOptions(work),
    emit: context.emit,
  })
  const acceptUncommitted = accepted.includes('uncommitted')
  const file = write ? await writeSquash(made, { migrationsDir, acceptUncommitted }) : undefined
  const shown = file === undefined ? undefined : path.relative(context.cwd, file)
  return report(squashResult(made, file), squashBlocks(made, shown), {
    next: squashNext(made, { written: write, args, flags }),
  })
}

/** Goes on with a squash that was cut off between the folder it wrote and those it removes. */
function finish(
  { migrations, project }: Work,
  { unfinished, write }: { readonly unfinished: UnfinishedSquash; readonly write: boolean },
): Report {
  const { name, left } = unfinished
  const removed = left.map((one) => one.name)
  if (write) finishSquash(unfinished, { migrationsDir: project.migrationsDir, migrations })
  const what = removed.length === 1 ? 'one migration' : `${removed.length} migrations`
  const view = write
    ? status('done', `Removed ${what} that ${name} stands for`)
    : status('warning', `${name} was written, and lies beside ${what} that it stands for`)
  return report(
    { migration: { name }, finished: write, removed },
    [view],
    write
      ? { next: [command(['status'], 'see how a target stands to it')] }
      : { next: [command(['squash', '--write'], 'remove them')], exitCode: 4 as const },
  )
}
