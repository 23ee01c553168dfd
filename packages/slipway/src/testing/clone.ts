import { randomBytes } from 'node:crypto'
import { locate, quoteIdentifier, withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { cloneEmbedded, type EmbeddedTemplate, ensureEmbeddedTemplate } from './embedded.ts'
import { createOwn, dropOwn } from './own-databases.ts'
import { serverAt, serverFor, type TestServer } from './server.ts'
import { ensureTemplate, markUsed, sweep } from './template.ts'
import { readTestProject, type TestContent } from './test-project.ts'

/** Where test databases are created, and their content. */
export interface TestOptions extends TestContent {
  /** Connection string of a server whose role may create databases; default: from the project's settings. */
  readonly url?: string | undefined
}

/** A test's own database, with the migrations applied and the sets seeded. */
export interface TestDatabase extends AsyncDisposable {
  /** Connection string, only for this test. */
  readonly url: string
  readonly name: string
  /** Drops it, and ends its sessions. */
  drop(): Promise<void>
}

/** A server that is ready for tests. */
export interface ReadyServer extends AsyncDisposable {
  /** Connection string for `TEST_DATABASE_URL`; empty if each worker uses the embedded database. */
  readonly url: string
  /**
   * Variables for the workers: `TEST_DATABASE_URL`, and the created template, so that they read no file of
   * the project. Pass only the first one to workers that must notice changed files, as in a watch mode.
   */
  readonly env: Readonly<Record<string, string>>
  /** Stops the server if it was started here. */
  stop(): Promise<void>
}

const CLONE = 'slipway_clone_'
const DAY_MS = 86_400_000

/** The variable with the sets and the template that the setup of a test run created. */
const PREPARED = 'SLIPWAY_TEST_TEMPLATE'

type Ready =
  | { readonly kind: 'server'; readonly server: TestServer; readonly template: string }
  | { readonly kind: 'embedded'; readonly template: EmbeddedTemplate }

const nothing = async (): Promise<void> => {}

/** With only the embedded database, each worker serves its own, so only the template is created. */
const NO_SERVER: ReadyServer = { url: '', env: {}, stop: nothing, [Symbol.asyncDispose]: nothing }

async function embeddedDatabase(template: EmbeddedTemplate): Promise<TestDatabase> {
  const { server, drop } = await cloneEmbedded(template)
  const { database: name } = locate(server.url)
  return { url: server.url.reveal(), name, drop, [Symbol.asyncDispose]: drop }
}

const ready = new Map<string, Promise<Ready>>()

/**
 * Creates a database for one test: a copy of a template. The first use creates the template, once for all
 * processes, and again after a migration or a seed set has changed. Files are read once per process.
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

/** Finds or starts the server and creates the template, so that no test waits for them. */
export async function prepareServer(options: TestOptions): Promise<ReadyServer> {
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
  // After a failure, the next test tries again: the server may be up then.
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
    // A private server has no other users, and no databases of this process yet.
    await sweep(admin, CLONE, server.owned && ready.size <= 1 ? 0 : DAY_MS)
    const template = await ensureTemplate(admin, server, from)
    await markUsed(admin, template)
    return { kind: 'server', server, template }
  })
}

/** The server and template from the setup of this test run, if it used the same sets. */
function preparedFor({ sets }: TestContent): Ready | undefined {
  const { TEST_DATABASE_URL: url, [PREPARED]: prepared } = process.env
  if (!url || !prepared) return undefined
  const [of, template] = JSON.parse(prepared) as [readonly string[] | null, string]
  const same = JSON.stringify(of) === JSON.stringify(sets ?? null)
  return same
    ? { kind: 'server', server: serverAt(new ConnectionString(url)), template }
    : undefined
}
