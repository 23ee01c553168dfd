import { isSameServer, locate, type Session } from '../database/index.ts'
import { advice, type ConnectionString } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { ShadowOptions } from './shadow-database.ts'

/**
 * Guarantee 1: a shadow database is never the target, nor on the server of a protected target. Compares connection
 * strings, before anything is connected. Fails with SHADOW.IS_TARGET.
 */
export function refuseTarget(named: ConnectionString, { target }: ShadowOptions): void {
  if (target?.address.kind !== 'postgres') return
  const [shadow, real] = [locate(named), locate(target.address.url)]
  if (!isSameServer(shadow, real)) return
  if (shadow.database === real.database || target.protected) refuse(real.database)
}

/**
 * Like `refuseTarget`, but by what the servers say, if the command has a session on the target: another connection
 * string can lead to the same server, for example through a tunnel.
 */
export function refuseServerOfTarget(shadow: Session, { target, like }: ShadowOptions): void {
  if (like?.server.started === undefined || like.server.started !== shadow.server.started) return
  const { database } = like.server
  if (shadow.server.database === database || target?.protected) refuse(database)
}

function refuse(database: string): never {
  return raise('SHADOW.IS_TARGET', {
    message: `The configured shadow database server is the server of the target, ${database}.`,
    why: 'Slipway fills, changes and drops shadow databases, so they must not share a server with the target.',
    nextActions: [
      advice('Name a different server as shadow in slipway.config.ts, or remove the setting.'),
    ],
  })
}
