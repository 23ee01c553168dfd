import type { ConnectionString } from '../kernel/index.ts'
import { command } from '../kernel/index.ts'
import { environmentConnection } from './connection.ts'
import { raise } from './failures.ts'
import type { Project } from './project.ts'

/**
 * Where the configuration wants migrations to be tried: on a server, or embedded; nothing where it leaves
 * that to Slipway. Fails with PROJECT.URL_MISSING where it names a variable that nothing sets.
 */
export function scratchSetting(project: Project): ConnectionString | 'embedded' | undefined {
  const { scratch } = project.config
  if (scratch === undefined || scratch === 'embedded') return scratch
  const found = environmentConnection(scratch, project.variables, 'scratch of slipway.config')
  if (found.kind === 'set') return found.url
  return raise('PROJECT.URL_MISSING', {
    message: `${scratch.replace('env:', '')}, which slipway.config names as scratch, is not set.`,
    why: 'Another server than the one that is meant must not be guessed.',
    nextActions: [command('slipway doctor', 'see where the settings come from')],
  })
}
