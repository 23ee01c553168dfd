import { randomBytes } from 'node:crypto'
import { locate, quoteIdentifier, withSession } from '../database/index.ts'
import { createOwn, dropOwn } from './own-databases.ts'
import { serverFor, type TestServer } from './server.ts'
import { ensureTemplate, markUsed, sweep } from './template.ts'
import { readTestProject, type TestContent } from './test-project.ts'

/** Where the databases of tests are made, and of what. */
export interface TestOptions extends TestContent {
  /** Connection string of a server whose role may create databases; found in the project's settings where absent. */
  readonly url?: string | undefined
}

/** A database of a test's own, with the migrations applied and the sets seeded. */
export interface TestDatabase extends AsyncDisposable {
  /** Connection string, for the test alone. */
  readonly url: string
  readonly name: string
  /** Drops it, with the sessions that are in it. */
  drop(): Promise<void>
}

/** A server that is ready for tests. */
export interface ReadyServer extends AsyncDisposable {
  /** Connection string for `TEST_DATABASE_URL`. */
  readonly url: string
  /** Ends the server, where it was started here. */
  stop(): Promise<void>
}

const CLONE = 'slipway_clone_'
const DAY_MS = 86_400_000

interface Ready {
  readonly server: TestServer
  readonly template: string
}

const ready = new Map<string, Promise<Ready>>()

/**
 * Gives a test a database of its own: a copy of a template, which is made on the first use, once for all processes, and
 * again when a migration or a seed set has changed. Files are read once in a process.
 */
export async function cloneDatabase(options: TestOptions): Promise<TestDatabase> {
  const { server, template } = await prepare(options)
  const name = CLONE + randomBytes(6).toString('hex')
  await withSession(server.admin, {}, (admin) => createOwn(admin, name, quoteIdentifier(template)))
  const drop = () => withSession(server.admin, {}, (admin) => dropOwn(admin, name))
  return { url: server.address(name).url.reveal(), name, drop, [Symbol.asyncDispose]: drop }
}

/** Finds or starts the server and makes the template, so that no test waits for them. */
export async function readyServer(options: TestOptions): Promise<ReadyServer> {
  const { server } = await prepare(options)
  const { admin } = server
  const stop = async () => {
    ready.clear()
    await server.stop()
  }
  const url = server.address(admin.kind === 'postgres' ? locate(admin.url).database : 'postgres')
  return { url: url.url.reveal(), stop, [Symbol.asyncDispose]: stop }
}

async function prepare(options: TestOptions): Promise<Ready> {
  const { cwd = process.cwd(), sets, url } = options
  const key = JSON.stringify([cwd, sets, url])
  const known = ready.get(key) ?? makeReady(options)
  ready.set(key, known)
  // What failed is tried again by the next test: the server may be up by then.
  known.catch(() => ready.delete(key))
  return await known
}

async function makeReady({ url, ...content }: TestOptions): Promise<Ready> {
  const from = await readTestProject(content)
  const server = await serverFor(from.project, url)
  return await withSession(server.admin, {}, async (admin) => {
    // On a server of our own there is nobody else, and nothing of this process yet.
    await sweep(admin, CLONE, server.owned && ready.size <= 1 ? 0 : DAY_MS)
    const template = await ensureTemplate(admin, server, from)
    await markUsed(admin, template)
    return { server, template }
  })
}
