import { classifyError, type ErrorKind } from '../errors/index.ts'
import { createExtension, type Extension } from '../extension.ts'
import type { Operation } from '../operation.ts'
import { isRead } from '../prisma.ts'
import { currentSession, requireAtLeast, type Session } from './consistency.ts'
import type { Replica, ReplicaSet } from './replica-set.ts'

/** Failures of a replica that do not affect other servers. */
const ELSEWHERE: ReadonlySet<ErrorKind> = new Set([
  'unreachable',
  'connection-lost',
  'pool-timeout',
  // "canceling statement due to conflict with recovery"
  'conflict',
])

/**
 * A Prisma extension that sends reads to replicas. Writes, raw queries and whole transactions go to the primary. A read
 * that fails because of its replica runs on another server, so that no read fails because a replica is lost. Within
 * `withConsistency`, a read goes to a replica that shows what was written before, or to the primary.
 */
export function replicas(set: ReplicaSet): Extension {
  return createExtension(() => ({
    name: 'replicas',
    onOperation: async (operation, next) => {
      if (operation.inTransaction) return await next()
      if (!isRead(operation.action)) return await writing(set, next)
      const found = await readFromReplica(set, operation)
      operation.source = found ? 'replica' : 'primary'
      return found ? found.result : await next()
    },
    onTransaction: (args, run) => writing(set, () => run(args)),
  }))
}

/** Runs an operation that may write, and records what later reads of the session must see. */
async function writing(set: ReplicaSet, write: () => Promise<unknown>): Promise<unknown> {
  const session = currentSession()
  if (!session) return await write()
  try {
    return await write()
  } finally {
    // After a failure, too: the server may have committed anyway.
    await notePosition(set, session)
  }
}

async function notePosition(set: ReplicaSet, session: Session): Promise<void> {
  try {
    requireAtLeast(session, await set.primaryPosition())
  } catch {
    requireAtLeast(session, 'primary')
  }
}

/** The result of a replica; undefined if the query must go to the primary. */
async function readFromReplica(
  set: ReplicaSet,
  operation: Operation,
): Promise<{ readonly result: unknown } | undefined> {
  const required = currentSession()?.required
  for (;;) {
    const replica = await set.choose(required)
    if (!replica) return undefined
    const { connections } = replica
    try {
      const result = await runOn(replica, operation)
      // After a new connection, the server may have been restarted and be behind what it showed before.
      if (required === undefined || replica.connections === connections) return { result }
    } catch (error) {
      const { kind } = classifyError(error)
      if (!ELSEWHERE.has(kind)) throw error
      if (kind === 'conflict') return undefined
      set.evict(replica, 'A read from it failed.')
    }
  }
}

type Read = (args: unknown) => Promise<unknown>

function runOn({ config }: Replica, { model = '', action, args }: Operation): Promise<unknown> {
  const models = config.client as unknown as Readonly<Record<string, Record<string, Read>>>
  const read = models[model.charAt(0).toLowerCase() + model.slice(1)]?.[action]
  if (!read) {
    throw new TypeError(`The client of the replica ${config.name} has no ${model}.${action}.`)
  }
  return read(args)
}
