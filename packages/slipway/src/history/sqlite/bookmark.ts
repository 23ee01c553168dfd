import { quoteText, type Session } from '../../database/index.ts'

/** The state of a D1 database before a deploy, to which Time Travel can restore it. */
export interface DeployBookmark {
  readonly bookmark: string
  /** When that deploy ran, as ISO 8601. */
  readonly at: string
  /** The migrations that it applied, in order. */
  readonly migrations: readonly string[]
}

/** Reads the bookmark of the last deploy of a migration; undefined if none was recorded. Needs a ledger. */
export async function readDeployBookmark(
  session: Session,
  migration: string,
): Promise<DeployBookmark | undefined> {
  const receipts = await session.query<{ migration: string; bookmark: string; at: string }>(`
    SELECT migration, bookmark, at FROM _slipway_receipt
    WHERE command = 'deploy' AND bookmark = (
      SELECT bookmark FROM _slipway_receipt WHERE command = 'deploy' AND migration = ${quoteText(migration)}
      ORDER BY id DESC LIMIT 1)
    ORDER BY id`)
  const [first] = receipts
  if (first === undefined) return undefined
  const { bookmark, at } = first
  return { bookmark, at, migrations: receipts.map((one) => one.migration) }
}
