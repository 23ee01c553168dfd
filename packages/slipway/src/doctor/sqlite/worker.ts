import path from 'node:path'
import { d1BindingOf, type Project, type Target } from '../../project/index.ts'
import { type Check, failed, passed, skipped, warned } from '../check.ts'

const TOKEN = 'CLOUDFLARE_API_TOKEN'

/** Checks wrangler's configuration of the database, and what the REST API needs. */
export async function checkWorker(project: Project, { address }: Target): Promise<Check[]> {
  const { root, wrangler, environment } = project
  const isLocal = address.kind === 'sqlite' && address.d1 !== undefined
  if (wrangler === undefined || (address.kind !== 'd1' && !isLocal)) return []
  const file = path.relative(root, wrangler.file)
  const found = await d1BindingOf(project, environment)
  if (found === undefined)
    return [failed('wrangler', `${file} has no such D1 database.`, 'Add it.')]
  const { binding, databaseName, databaseId } = found
  const named = databaseName === undefined ? '' : ` ${databaseName}`
  return [
    passed('wrangler', `${file} has the D1 database${named} as ${binding}.`),
    databaseId === undefined
      ? warned(
          'database id',
          `${binding} has no database_id, which --remote needs.`,
          `Add database_id to ${file}.`,
        )
      : passed('database id', `${databaseId}.`),
    checkToken(project, isLocal),
    wrangler.compatibilityDate === undefined
      ? warned(
          'compatibility date',
          `${file} has no compatibility_date: the Worker then uses the behaviour of the oldest runtime.`,
          `Add compatibility_date to ${file}.`,
        )
      : passed('compatibility date', `${wrangler.compatibilityDate}.`),
  ]
}

/** Checks the API token, which any remote target needs. */
function checkToken({ variables }: Project, isLocal: boolean): Check {
  const token = variables.get(TOKEN)
  if (token?.value) return passed('API token', `${TOKEN} is set (${token.source}).`)
  const message = `${TOKEN} is not set; only remote databases need it.`
  return isLocal ? skipped('API token', message) : failed('API token', message, `Set ${TOKEN}.`)
}
