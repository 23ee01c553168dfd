import type { RemoteD1, SessionOptions } from '../port.ts'
import { d1Api } from './api.ts'
import { readDatabaseInfo } from './database-info.ts'

/**
 * The largest size of a database on a paid plan, in bytes. Source:
 * developers.cloudflare.com/d1/platform/limits.
 */
export const D1_BYTES = 10_000_000_000

/** What Cloudflare reports about a database. */
export interface D1Facts {
  readonly bytes: number
  readonly tables: number
  /** Where its primary runs: `WEUR`. */
  readonly region?: string
  /** `production`: only those have Time Travel. */
  readonly version: string
  /**
   * Rows that were read and written in the last 24 hours. Absent if the token may not read the analytics.
   */
  readonly lastDay?: { readonly rowsRead: number; readonly rowsWritten: number }
}

/** Reads what Cloudflare reports about a database: its size and its usage. */
export async function d1Facts(address: RemoteD1, options: SessionOptions = {}): Promise<D1Facts> {
  const api = d1Api(address, options)
  const [info, lastDay] = await Promise.all([readDatabaseInfo(api), readUsage(address)])
  const { file_size = 0, num_tables = 0, running_in_region: region, version } = info
  return {
    bytes: file_size,
    tables: num_tables,
    ...(region === undefined ? {} : { region }),
    version,
    ...(lastDay === undefined ? {} : { lastDay }),
  }
}

function usageQuery({ accountId, databaseId }: RemoteD1): string {
  const now = Date.now()
  const filter = [
    `datetimeHour_geq: ${JSON.stringify(new Date(now - DAY_MS))}`,
    `datetimeHour_leq: ${JSON.stringify(new Date(now))}`,
    `databaseId: ${JSON.stringify(databaseId)}`,
  ]
  return `query {
    viewer { accounts(filter: { accountTag: ${JSON.stringify(accountId)} }) {
      d1AnalyticsAdaptiveGroups(limit: 10000, filter: { ${filter.join(', ')} }) { sum { rowsRead rowsWritten } }
    } }
  }`
}

interface UsageAnswer {
  readonly data?: {
    readonly viewer?: {
      readonly accounts?: readonly { d1AnalyticsAdaptiveGroups?: readonly Group[] }[]
    }
  } | null
}

interface Group {
  readonly sum?: { readonly rowsRead?: number; readonly rowsWritten?: number }
}

const DAY_MS = 24 * 60 * 60 * 1000
/** The time limit for the analytics, which are not essential, in ms. */
const USAGE_MS = 10_000

/** Queries the analytics of the account, without retries. Most tokens for D1 may not read them. */
async function readUsage(address: RemoteD1): Promise<D1Facts['lastDay']> {
  const { apiUrl, token } = address
  try {
    const answer = await fetch(`${apiUrl}/graphql`, {
      method: 'POST',
      signal: AbortSignal.timeout(USAGE_MS),
      headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: usageQuery(address) }),
    })
    const { data } = (await answer.json()) as UsageAnswer
    const groups = data?.viewer?.accounts?.[0]?.d1AnalyticsAdaptiveGroups
    return (
      groups && { rowsRead: total(groups, 'rowsRead'), rowsWritten: total(groups, 'rowsWritten') }
    )
  } catch {
    return undefined
  }
}

function total(groups: readonly Group[], name: 'rowsRead' | 'rowsWritten'): number {
  return groups.reduce((sum, group) => sum + (group.sum?.[name] ?? 0), 0)
}
