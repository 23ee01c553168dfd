import { isLoopback, locate } from '../database/index.ts'
import type { Connection, Project, Target } from '../project/index.ts'
import { type Check, passed, warned } from './check.ts'
import { publishedPorts } from './compose.ts'

/** Checks for settings that are valid but may surprise. */
export function checkSettings(project: Project, target: Target): Check[] {
  const checks = [checkShell(project), ...checkUnset(target), checkComposePort(project, target)]
  return checks.filter((check) => check !== undefined)
}

const OF_D1 = ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_API_BASE_URL']

/** Warns if a shell variable overrides the value in .env, because it may be left over from earlier work. */
function checkShell({ connection, direct, shadow, variables }: Project): Check {
  const used = new Set(['DATABASE_URL', ...OF_D1, ...[connection, direct, shadow].map(variableOf)])
  const overridden = variables.overridden.filter(({ name, by }) => by === 'shell' && used.has(name))
  const [first] = overridden
  if (first === undefined)
    return passed('shell variables', 'No shell variable overrides a connection string from .env.')
  const names = overridden.map(({ name }) => name).join(', ')
  return warned(
    'shell variables',
    `${names} in the shell differs from ${first.file}, and overrides it.`,
    `If that is not intended, unset ${overridden.map(({ name }) => name).join(' ')}`,
  )
}

function variableOf(connection: Connection): string | undefined {
  return connection.kind === 'none' ? undefined : connection.variable
}

function checkUnset({ unsetVariable }: Target): Check[] {
  if (unsetVariable === undefined) return []
  return [
    warned(
      'connection string',
      `${unsetVariable} is not set, so the embedded database is used.`,
      `Set ${unsetVariable} in .env or in the shell to work on a server.`,
    ),
  ]
}

function checkComposePort(project: Project, { address }: Target): Check | undefined {
  if (address.kind !== 'postgres') return undefined
  const { host, port } = locate(address.url)
  const published = isLoopback(host)
    ? publishedPorts(project.root, (name) => project.variables.get(name)?.value)
    : []
  const [first] = published
  if (first === undefined) return undefined
  if (published.some((found) => found.port === port)) {
    return passed('compose port', `Port ${port}, as ${first.file} publishes it.`)
  }
  const ports = [...new Set(published.map((found) => found.port))].join(', ')
  return warned(
    'compose port',
    `${first.file} publishes PostgreSQL on port ${ports}, but the connection string uses port ${port}.`,
    'Correct one of the two, unless you intend to use a different server.',
  )
}
