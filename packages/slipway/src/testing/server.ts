import { type Address, isLoopback, isSameServer, locate } from '../database/index.ts'
import { advice, attempt, ConnectionString } from '../kernel/index.ts'
import { type Project, resolveTarget, shadowSetting, type Target } from '../project/index.ts'
import { raise } from './failures.ts'
import { privateServer } from './private-server.ts'

type ServerAddress = Address & { readonly kind: 'postgres' }

/** A server on which test databases are created. */
export interface TestServer {
  /** The database for administrative commands; nothing is written into it. */
  readonly admin: ServerAddress
  address(database: string): ServerAddress
  /** Whether no other process uses it, so that existing databases were left by a process that ended. */
  readonly owned: boolean
  stop(): Promise<void>
}

/**
 * The server for a project's tests: the given one, that of TEST_DATABASE_URL, of the environment `testing`,
 * of the setting `shadow`, otherwise a private one of this machine's PostgreSQL. Undefined if there is none,
 * or if the setting is `embedded`. Guarantee 1: fails with TESTING.PROTECTED on a server with a protected
 * database.
 */
export async function serverFor(
  project: Project,
  given: string | undefined,
): Promise<TestServer | undefined> {
  if (given === undefined && wantsEmbedded(project)) return undefined
  const named = given === undefined ? namedServer(project) : new ConnectionString(given)
  if (named !== undefined) {
    await refuseProtected(project, named)
    return serverAt(named)
  }
  const server = await privateServer(project)
  if (server === undefined) return undefined
  return { stop: server.stop, address: server.admin, admin: server.admin('postgres'), owned: true }
}

/** A running server, by its connection string. */
export function serverAt(url: ConnectionString): TestServer {
  return {
    admin: { kind: 'postgres', url },
    address: (name) => ({ kind: 'postgres', url: url.withDatabase(name) }),
    owned: false,
    stop: async () => {},
  }
}

function wantsEmbedded(project: Project): boolean {
  return project.config.shadow === 'embedded' && namedServer(project) === undefined
}

function namedServer(project: Project): ConnectionString | undefined {
  const { variables, config } = project
  const variable = variables.get('TEST_DATABASE_URL')?.value
  if (variable) return new ConnectionString(variable)
  const { url } = config.environments?.['testing'] ?? {}
  const testing = url?.startsWith('env:') ? variables.get(url.slice('env:'.length))?.value : url
  if (testing) return new ConnectionString(testing)
  const shadow = shadowSetting(project)
  return shadow === 'embedded' ? undefined : shadow
}

/** Guarantee 1. A server on this machine that also hosts development is allowed, whatever else it hosts. */
export async function refuseProtected(project: Project, url: ConnectionString): Promise<void> {
  const place = locate(url)
  const there = (await targetsOf(project)).filter(
    ({ address }) => address.kind === 'postgres' && isSameServer(locate(address.url), place),
  )
  const guarded = there.find((target) => target.protected)
  if (guarded === undefined) return
  const shared = there.some((target) => !target.protected && target.environment !== 'testing')
  if (shared && isLoopback(place.host)) return
  raise('TESTING.PROTECTED', {
    message: `The server ${place.host}:${place.port} belongs to ${guarded.environment}.`,
    why: 'Slipway creates, fills and drops test databases, so they must not share a server with it.',
    nextActions: [advice('Name a different server in TEST_DATABASE_URL, or unset it.')],
  })
}

/** All targets that the project names, except those that cannot be resolved and so are not reachable. */
async function targetsOf(project: Project): Promise<Target[]> {
  const names = [undefined, 'development', ...Object.keys(project.config.environments ?? {})]
  const found: Target[] = []
  for (const envName of new Set(names)) {
    const target = await attempt(() => resolveTarget(project, { envName }))
    if (target.ok) found.push(target.value)
  }
  return found
}
