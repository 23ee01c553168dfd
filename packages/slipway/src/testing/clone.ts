import { randomBytes } from 'node:crypto'
import { locate, quoteIdentifier, withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { cloneEmbedded, type EmbeddedTemplate, ensureEmbeddedTemplate } from './embedded.ts'
import { createOwn, dropOwn } from './own-databases.ts'
import { serverAt, serverFor, type TestServer } from './server.ts'
import { ensureTemplate, markUsed, sweep } from './template.ts'
import { readTestProject, type TestContent } from './test-project.ts'

/** Where the databases of tests are made, and of what. */
export interface TestOptions extends TestContent {
  /** Connection string of a server whose role may create databases; found in the project's settings if absent. */
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
  /** Connection string for `TEST_DATABASE_URL`; empty where each worker has the embedded database. */
  readonly url: string
  /**
   * Variables for the workers: `TEST_DATABASE_URL`, and the template that was made, so that they read no file of the
   * project. A worker that is to see files change while it is watched is given the first alone.
   */
  readonly env: Readonly<Record<string, string>>
  /** Ends the server, where it was started here. */
  stop(): Promise<void>
}

const CLONE = 'slipway_clone_'
const DAY_MS = 86_400_000

/** Holds the sets and the template of the set-up of a run. */
const PREPARED = 'SLIPWAY_TEST_TEMPLATE'

type Ready =
  | { readonly kind: 'server'; readonly server: TestServer; readonly template: string }
  | { readonly kind: 'embedded'; readonly template: EmbeddedTemplate }

const nothing = async (): Promise<void> => {}

/** If only the embedded database is available, each worker serves its own: the template is made, and that is all. */
const NO_SERVER: ReadyServer = { url: '', env: {}, stop: nothing, [Symbol.asyncDispose]: nothing }

async function embeddedDatabase(template: EmbeddedTemplate): Promise<TestDatabase> {
  const { server, drop } = await cloneEmbedded(template)
  const { database: name } = locate(server.url)
  return { url: server.url.reveal(), name, drop, [Symbol.asyncDispose]: drop }
}

const ready = new Map<string, Promise<Ready>>()

/**
 * Gives a test a database of its own: a copy of a template, which is made on the first use, once for all processes, and
 * again when a migration or a seed set has changed. Files are read once in a process.
 */
export async function cloneDatabase(options: TestOptions): Promise<TestDatabase> {
  const found = await prepare(options)
  if (found.kind === 'embedded') return await embeddedDatabase(found.template)
  const { server, template } = found
  const name = CLONE + randomBytes(6).toString('hex')
  await withSession(server.admin, {}, (admin) => createOwn(admin, name, quoteIdentifier(template)))
  const drop = () => withSession(server.admin, {}, (admin) => dropOwn(admin, name))
  return { url: server.address(name).url.reveal(), name, drop, [Symbol.asyncDispose]: drop }
}

/** Finds or starts the server and makes the template, so that no test waits for them. */
export async function readyServer(options: TestOptions): Promise<ReadyServer> {
  const found = await prepare(options)
  if (found.kind === 'embedded') return NO_SERVER
  const { server, template } = found
  const stop = async () => {
    ready.clear()
    await server.stop()
  }
  const url = server.admin.url.reveal()
  const env = { TEST_DATABASE_URL: url, [PREPARED]: JSON.stringify([options.sets, template]) }
  return { url, env, stop, [Symbol.asyncDispose]: stop }
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
  const prepared = url === undefined ? preparedFor(content) : undefined
  if (prepared) return prepared
  const from = await readTestProject(content)
  const server = await serverFor(from.project, url)
  if (server === undefined)
    return { kind: 'embedded', template: await ensureEmbeddedTemplate(from) }
  return await withSession(server.admin, {}, async (admin) => {
    // A private server has no other users, and nothing of this process yet.
    await sweep(admin, CLONE, server.owned && ready.size <= 1 ? 0 : DAY_MS)
    const template = await ensureTemplate(admin, server, from)
    await markUsed(admin, template)
    return { kind: 'server', server, template }
  })
}

/** What the set-up of this run has made, where it is of the same sets. */
function preparedFor({ sets }: TestContent): Ready | undefined {
  const { TEST_DATABASE_URL: url, [PREPARED]: prepared } = process.env
  if (!url || !prepared) return undefined
  const [of, template] = JSON.parse(prepared) as [readonly string[] | null, string]
  const same = JSON.stringify(of) === JSON.stringify(sets ?? null)
  return same
    ? { kind: 'server', server: serverAt(new ConnectionString(url)), template }
    : undefined
}
