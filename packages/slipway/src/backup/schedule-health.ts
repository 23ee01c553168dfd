import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { advice, type Failure } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** The health of a backup schedule. */
export interface Health {
  /**
   * `failed`: the last run failed. `overdue`: the next run should have begun, or the current one should have
   * ended.
   */
  readonly status: 'ok' | 'failed' | 'overdue'
  readonly pid: number
  readonly every: string
  readonly nextAt: string
  readonly runningSince?: string
  readonly last?: LastRun
}

/** The outcome of the last run. Times are UTC. */
export interface LastRun {
  readonly outcome: 'ok' | 'failed'
  readonly startedAt: string
  readonly endedAt: string
  readonly failure?: Pick<Failure, 'code' | 'message'>
}

/** Writes the file atomically, so that a reader never sees a partial file. */
export function writeHealthFile(file: string | undefined, health: Health): void {
  if (file === undefined) return
  const partial = `${file}.${process.pid}.partial`
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(partial, `${JSON.stringify(health, null, 2)}\n`)
  renameSync(partial, file)
}

/** The last run of an earlier process; undefined if the file is missing or invalid. */
export function readLastRun(file: string | undefined): LastRun | undefined {
  if (file === undefined) return undefined
  try {
    const { last } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Health>
    const isOutcome = last?.outcome === 'ok' || last?.outcome === 'failed'
    return isOutcome && !Number.isNaN(Date.parse(last.startedAt)) ? last : undefined
  } catch {
    return undefined
  }
}

/**
 * Serves `GET /health` on this machine only: 200 while the last run succeeded and none is overdue, otherwise
 * 503. Returns a function that stops the server. Fails with BACKUP.SCHEDULE_INVALID if the port is taken.
 */
export async function serveHealth(
  port: number | undefined,
  health: () => Health,
): Promise<() => Promise<void>> {
  if (port === undefined) return async () => {}
  const server = createServer((request, response) => {
    const isKnown = request.url === '/health' && ['GET', 'HEAD'].includes(request.method ?? '')
    const found = health()
    const status = isKnown ? (found.status === 'ok' ? 200 : 503) : 404
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(isKnown && request.method === 'GET' ? `${JSON.stringify(found)}\n` : undefined)
  })
  await listening(server, port)
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

async function listening(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  } catch (error) {
    raise('BACKUP.SCHEDULE_INVALID', {
      message: `The port ${port} cannot be used for /health.`,
      why: `The system says ${(error as NodeJS.ErrnoException).code}.`,
      nextActions: [advice('Use a port that no other program uses.')],
    })
  }
}
