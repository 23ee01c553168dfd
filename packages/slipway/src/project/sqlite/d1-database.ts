import path from 'node:path'
import type { D1Settings } from '../../database/index.ts'
import { advice, Secret } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Project, Setting } from '../project.ts'
import type { Variable } from '../variables.ts'
import type { WranglerConfig } from '../wrangler-config.ts'
import type { D1Choice } from './choose-d1.ts'
import type { Place } from './find-database.ts'
import { localD1File } from './local-file.ts'

type Found = D1Choice & { readonly kind: 'found' }

const PUBLIC_API = 'https://api.cloudflare.com/client/v4'
const TOKEN = 'CLOUDFLARE_API_TOKEN'
const ACCOUNT = 'CLOUDFLARE_ACCOUNT_ID'
const API = 'CLOUDFLARE_API_BASE_URL'
const TOKENS_PAGE = 'https://dash.cloudflare.com/profile/api-tokens'

/** Finds the database in wrangler's state on this machine. */
export function localD1(project: Project, choice: Found): Place {
  const { folder, source } = stateFolder(project)
  const file = localD1File(folder, choice.database)
  const d1 = settingsOf(project, choice)
  const shown = path.relative(project.root, file)
  return {
    address: { kind: 'sqlite', file, d1 },
    source: `${choice.source}, local`,
    settings: [
      databaseSetting(d1, choice),
      {
        name: 'D1 database id',
        value: choice.database.databaseId ?? 'none',
        source: choice.source,
      },
      { name: 'file', value: shown, source },
      historySetting(d1, choice),
    ],
  }
}

/**
 * Finds the database on Cloudflare. Fails with PROJECT.D1_NOT_CONFIGURED, PROJECT.D1_ACCOUNT_MISSING or
 * PROJECT.D1_TOKEN_MISSING; for a use case that does not need it (`unused`), returns undefined instead.
 */
export function remoteD1(project: Project, choice: Found, unused: boolean): Place | undefined {
  const { databaseId } = choice.database
  const account = accountOf(project, choice)
  const token = project.variables.get(TOKEN)
  if (unused && !(databaseId && account && token?.value)) return undefined
  if (!databaseId) return refuseWithoutId(project, choice)
  if (!account) return refuseWithoutAccount(project, choice)
  if (!token?.value) return refuseWithoutToken(project, choice)
  const api = apiOf(project)
  const d1 = settingsOf(project, choice)
  return {
    address: {
      kind: 'd1',
      d1,
      accountId: idIn(account.value, account.source),
      databaseId: idIn(databaseId, choice.source),
      token: new Secret(token.value),
      apiUrl: api.value,
    },
    source: `${choice.source}, remote`,
    settings: [
      databaseSetting(d1, choice),
      { name: 'D1 database id', value: databaseId, source: choice.source },
      { name: 'Cloudflare account', value: account.value, source: account.source },
      { name: 'Cloudflare API token', value: 'set', source: `${TOKEN} (${token.source})` },
      { name: 'Cloudflare API', value: api.value, source: api.source },
      historySetting(d1, choice),
    ],
  }
}

function settingsOf({ migrationsLayout }: Project, { database }: Found): D1Settings {
  return {
    name: database.databaseName ?? database.binding,
    migrationsTable: database.migrationsTable ?? 'd1_migrations',
    ...(migrationsLayout === 'folders' ? { nameEnding: '/migration.sql' } : {}),
  }
}

/** The folder of wrangler's state, in which it creates `v3`; wrangler's flag is `--persist-to`. */
function stateFolder({ root, config, configFile, wrangler }: Project): {
  readonly folder: string
  readonly source: string
} {
  const { persistTo } = config.d1 ?? {}
  if (persistTo !== undefined) {
    const from = path.dirname(configFile ?? root)
    return { folder: path.resolve(from, persistTo), source: 'slipway.config d1.persistTo' }
  }
  const from = wrangler === undefined ? root : path.dirname(wrangler.file)
  return { folder: path.join(from, '.wrangler', 'state'), source: "wrangler's state" }
}

/** The account. As in wrangler, its configuration takes precedence over the variable. */
function accountOf({ root, wrangler, variables }: Project, { accountId }: Found) {
  if (accountId !== undefined && wrangler !== undefined) {
    return { value: accountId, source: `account_id of ${shownConfig(root, wrangler)}` }
  }
  const variable = variables.get(ACCOUNT)
  return variable?.value
    ? { value: variable.value, source: `${ACCOUNT} (${variable.source})` }
    : undefined
}

/** The URL of the API. The token is sent there, so it may be unencrypted only on this machine. */
function apiOf({ variables }: Project): Variable {
  const variable = variables.get(API)
  if (!variable?.value) return { value: PUBLIC_API, source: 'default' }
  const url = URL.canParse(variable.value) ? new URL(variable.value) : undefined
  const isHere = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '')
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere)) {
    return { value: variable.value.replace(/\/+$/, ''), source: `${API} (${variable.source})` }
  }
  return raise('PROJECT.CONFIG_INVALID', {
    message: `${API} (${variable.source}) cannot be used.`,
    why: 'It must be a URL that begins with https://, or with http:// on this machine: the API token is sent there.',
    nextActions: [advice(`Correct ${API}, or unset it.`)],
  })
}

/** Checks an id, which becomes a part of URLs. */
function idIn(text: string, source: string): string {
  if (/^[\w-]+$/.test(text)) return text
  return raise('PROJECT.CONFIG_INVALID', {
    message: `A Cloudflare id cannot be used: ${source}.`,
    why: 'It consists of letters, digits, hyphens and underscores.',
    nextActions: [advice('Correct database_id or account_id.')],
  })
}

function databaseSetting({ name }: D1Settings, { source }: Found): Setting {
  return { name: 'database', value: `D1 ${name}`, source }
}

function historySetting({ migrationsTable }: D1Settings, { database, source }: Found): Setting {
  return {
    name: 'history',
    value: migrationsTable,
    source: database.migrationsTable === undefined ? 'default' : source,
  }
}

function shownConfig(root: string, { file }: WranglerConfig): string {
  return path.relative(root, file)
}

function refuseWithoutId({ root, wrangler }: Project, { database, source }: Found): never {
  const file = wrangler === undefined ? '' : shownConfig(root, wrangler)
  return raise('PROJECT.D1_NOT_CONFIGURED', {
    message: `The D1 database ${source} has no database_id.`,
    why: 'Without it, Slipway cannot tell which database of the account you mean.',
    nextActions: [
      { kind: 'edit', path: file, label: 'add its database_id' },
      advice(
        `npx wrangler d1 create ${database.databaseName ?? '<name>'} creates a database and shows its id.`,
      ),
    ],
    where: { file },
  })
}

function refuseWithoutAccount({ root, wrangler }: Project, { source }: Found): never {
  const file = wrangler === undefined ? '' : shownConfig(root, wrangler)
  return raise('PROJECT.D1_ACCOUNT_MISSING', {
    message: `No Cloudflare account is named for the remote D1 database ${source}.`,
    why: `${file} has no account_id, and ${ACCOUNT} is not set.`,
    nextActions: [
      { kind: 'edit', path: file, label: 'add account_id' },
      advice(`Or set ${ACCOUNT} in the shell or in .env.`),
    ],
  })
}

function refuseWithoutToken({ environment }: Project, { source }: Found): never {
  const file = environment === undefined ? '.env' : `.env.${environment}`
  return raise('PROJECT.D1_TOKEN_MISSING', {
    message: `There is no API token for the remote D1 database ${source}: ${TOKEN} is not set.`,
    why: "Slipway reaches D1 through Cloudflare's REST API, and does not use wrangler's login.",
    nextActions: [
      advice(`Create a token with the permission D1:Edit: ${TOKENS_PAGE}`),
      advice(`Set ${TOKEN} in the shell or in ${file}.`),
    ],
  })
}
