import path from 'node:path'
import { type LocalServer, serverPrograms, withLocalServer } from '../database/index.ts'
import type { Project } from '../project/index.ts'

/** A private server of this machine's PostgreSQL that runs until it is stopped, or this process ends. */
export interface PrivateServer extends Pick<LocalServer, 'admin'> {
  stop(): Promise<void>
}

const running = new Map<string, Promise<PrivateServer | undefined>>()

/** The private server of a project, started once per process; undefined if this machine has no PostgreSQL. */
export async function privateServer({ root }: Project): Promise<PrivateServer | undefined> {
  const known = running.get(root)
  if (known) return await known
  const started = start(root)
  running.set(root, started)
  return await started
}

async function start(root: string): Promise<PrivateServer | undefined> {
  const programs = await serverPrograms(process.env)
  if (programs === undefined) return undefined
  const up = Promise.withResolvers<LocalServer | undefined>()
  const over = Promise.withResolvers<void>()
  const home = path.join(root, '.slipway', 'cache')
  const ended = withLocalServer(programs, home, async (server) => {
    server.unref()
    up.resolve(server)
    await over.promise
  })
  // A process that ends before it accepts connections is not a server.
  ended.then(() => up.resolve(undefined), up.reject)
  const server = await up.promise
  if (server === undefined) return undefined
  const stop = async () => {
    running.delete(root)
    over.resolve()
    await ended
  }
  process.once('beforeExit', () => void stop())
  return { admin: server.admin, stop }
}
