import path from 'node:path'
import { command } from '../../kernel/index.ts'
import { loadProject } from '../../project/index.ts'
import { type Handler, report } from '../command.ts'
import { CONFIG_TEMPLATE } from '../config-template.ts'
import { raise } from '../failures.ts'
import { status } from '../view.ts'

const NAME = 'slipway.config.ts'

export const init: Handler = async ({ cwd, env, files, target }) => {
  const project = await loadProject({ cwd, env, flags: target })
  const file = path.join(project.root, NAME)
  if (project.configured || !(await createFile(files.create(file, CONFIG_TEMPLATE)))) {
    raise('CLI.CONFIG_EXISTS', {
      message: 'The project has a slipway.config already.',
      why: 'init never overwrites a file.',
      nextActions: [command(['doctor'], 'see each setting and where it comes from')],
    })
  }
  const found = project.settings.map(({ name, value, source }) => ({
    label: name,
    value,
    note: source,
  }))
  return report(
    { config: file, settings: project.settings },
    [
      status('done', `Wrote ${NAME}`, 'every setting is explained there, none is set'),
      { kind: 'fields', fields: found },
    ],
    { next: [command(['doctor'], 'test the connection and its rights')] },
  )
}

async function createFile(writing: Promise<boolean>): Promise<boolean> {
  return await writing.catch((cause: unknown) =>
    raise('CLI.NOT_WRITABLE', {
      message: `${NAME} could not be written.`,
      why: reasonOf(cause),
      cause,
    }),
  )
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error
    ? `The system says ${String(error.code)}.`
    : 'The reason is not known.'
}
