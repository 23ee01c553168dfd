import type { ConnectionString } from '../kernel/index.ts'
import { command, parseDuration } from '../kernel/index.ts'
import { environmentConnection } from './connection.ts'
import { raise } from './failures.ts'
import type { Project } from './project.ts'

/**
 * Where the configuration places shadow databases: on a server, or embedded; undefined if Slipway
 * decides. Fails with PROJECT.URL_MISSING if it names an unset variable.
 */
export function shadowSetting(project: Project): ConnectionString | 'embedded' | undefined {
  const { shadow } = project.config
  if (shadow === undefined || shadow === 'embedded') return shadow
  const found = environmentConnection(shadow, project.variables, 'shadow of slipway.config')
  if (found.kind === 'set') return found.url
  return raise('PROJECT.URL_MISSING', {
    message: `${shadow.replace('env:', '')}, which slipway.config names as shadow, is not set.`,
    why: 'Slipway does not guess which server you mean.',
    nextActions: [command(['doctor'], 'see where the settings come from')],
  })
}

/** How long one message of SQL may run on a shadow database, in ms; undefined if it is not configured. */
export function shadowTimeLimitMs({ config }: Project): number | undefined {
  return config.shadowTimeout === undefined ? undefined : parseDuration(config.shadowTimeout)
}
