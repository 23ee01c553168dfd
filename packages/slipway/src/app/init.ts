import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { command } from '../kernel/index.ts'
import { loadProject, type Setting } from '../project/index.ts'
import { CONFIG_TEMPLATE } from './config-template.ts'
import type { AppContext } from './context.ts'
import { raise } from './failures.ts'
import type { Ended } from './outcome.ts'

const NAME = 'slipway.config.ts'

/** The configuration file that was written, and what was found of the project. */
export interface InitResult {
  /** Absolute. */
  readonly config: string
  readonly settings: readonly Setting[]
}

/** Writes a slipway.config.ts that explains each setting and sets none. Never overwrites a file. */
export async function writeConfiguration(context: AppContext): Promise<Ended<InitResult>> {
  const { cwd, env, names } = context
  const project = await loadProject({ cwd, env, flags: names })
  const file = path.join(project.root, NAME)
  if (project.configured) refuseSecond()
  await writeFile(file, CONFIG_TEMPLATE, { flag: 'wx' }).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
    if (code === 'EEXIST') return refuseSecond()
    return raise('APP.NOT_WRITABLE', {
      message: `${NAME} could not be written.`,
      why: code === undefined ? 'The reason is not known.' : `The system says ${code}.`,
      cause,
    })
  })
  return {
    result: { config: file, settings: project.settings },
    next: [command(['doctor'], 'test the connection and its rights')],
  }
}

function refuseSecond(): never {
  raise('APP.CONFIG_EXISTS', {
    message: 'The project has a slipway.config already.',
    why: 'init never overwrites a file.',
    nextActions: [command(['doctor'], 'see each setting and where it comes from')],
  })
}
