import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fillDatabase } from '../app/index.ts'
import { locate, quoteIdentifier, type Session, withSession } from '../database/index.ts'
import { createOwn, dropOwn, mark, ownDatabases } from './own-databases.ts'
import type { TestServer } from './server.ts'
import { keyOf, type TestProject } from './test-project.ts'

const TEMPLATE = 'slipway_seeded_'
const UNFINISHED = 'slipway_making_'
const KEEP = 6
const POLL_MS = 50

/**
 * Returns the template of a project's tests, whose name depends on its content: a database with the
 * migrations deployed and the sets seeded, closed to sessions. The first process creates it on a server; the
 * others wait. It gets its name only when it is complete.
 */
export async function ensureTemplate(
  admin: Session,
  server: TestServer,
  from: TestProject,
): Promise<string> {
  const name = TEMPLATE + keyOf(from, locate(server.admin.url).schema)
  if (await exists(admin, name)) return name
  await withLock(admin, name, async () => {
    if (await exists(admin, name)) return
    await createTemplate(admin, { server, from, name })
    await dropOldest(admin, name)
  })
  return name
}

async function exists(admin: Session, name: string): Promise<boolean> {
  const found = await ownDatabases(admin, name)
  return found.some(({ closed }) => closed)
}

interface TemplateSource {
  readonly server: TestServer
  readonly from: TestProject
  readonly name: string
}

async function createTemplate(
  admin: Session,
  { server, from, name }: TemplateSource,
): Promise<void> {
  const unfinished = UNFINISHED + randomBytes(6).toString('hex')
  try {
    await createOwn(admin, unfinished, "template0 ENCODING 'UTF8'")
    const address = server.address(unfinished)
    const { initShadowDb } = from.project
    if (initShadowDb) await withSession(address, {}, (session) => session.execute(initShadowDb))
    await fillDatabase(from, address)
    // So that readers of copies need not set hint bits, and queries are planned with statistics.
    await withSession(address, {}, (session) => session.execute('VACUUM (ANALYZE)'))
    const made = quoteIdentifier(unfinished)
    await admin.execute(`ALTER DATABASE ${made} WITH ALLOW_CONNECTIONS false`)
    await admin.execute(`ALTER DATABASE ${made} RENAME TO ${quoteIdentifier(name)}`)
  } finally {
    await dropOwn(admin, unfinished)
  }
}

/**
 * Runs `work` under an advisory lock. The session holds it, so it ends with the process. Waiting sessions poll,
 * so that none holds a snapshot.
 */
async function withLock(admin: Session, name: string, work: () => Promise<void>): Promise<void> {
  const ask = async (call: string) => {
    const sql = `SELECT ${call}(hashtextextended($1, 0)) AS done`
    const [row] = await admin.query<{ done: boolean }>(sql, [name])
    return row?.done === true
  }
  while (!(await ask('pg_try_advisory_lock'))) await sleep(POLL_MS)
  try {
    await work()
  } finally {
    await ask('pg_advisory_unlock')
  }
}

/** Records that a template is used; once per process is enough. */
export async function markUsed(admin: Session, template: string): Promise<void> {
  // Fails if another process is copying it, which then marks it itself.
  await mark(admin, template).catch(() => undefined)
}

async function dropOldest(admin: Session, made: string): Promise<void> {
  const others = (await ownDatabases(admin, TEMPLATE)).filter(({ name }) => name !== made)
  for (const { name } of others.slice(KEEP - 1)) {
    // Fails if it is being copied: it stays.
    await dropOwn(admin, name).catch(() => undefined)
  }
}

/** Drops leftovers of killed runs: clones and incomplete templates without sessions, unused for `unusedMs`. */
export async function sweep(admin: Session, prefix: string, unusedMs: number): Promise<void> {
  for (const kind of [prefix, UNFINISHED]) {
    for (const { name, usedMs, sessions } of await ownDatabases(admin, kind)) {
      if (sessions > 0 || Date.now() - usedMs < unusedMs) continue
      await dropOwn(admin, name).catch(() => undefined)
    }
  }
}
