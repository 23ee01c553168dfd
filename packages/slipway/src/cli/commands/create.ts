import { command, must } from '../../kernel/index.ts'
import { type Handler, report } from '../command.ts'
import { createFrom, creationBlocks, creationResult } from '../creation.ts'
import { readWork } from '../work.ts'

export const create: Handler = async (context, { args, flags }) => {
  const work = await readWork(context, { mayLackMigrations: true, withoutTarget: true })
  const outcome = await createFrom(context, work, { flags, name: must(args[0], 'name') })
  return report(creationResult(outcome), creationBlocks(outcome, context.cwd), {
    next: outcome.kind === 'written' ? [command(['deploy'], 'apply it')] : [],
  })
}
