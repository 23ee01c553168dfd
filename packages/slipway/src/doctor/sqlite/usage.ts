import { D1_BYTES, d1Facts, type RemoteD1 } from '../../database/index.ts'
import { attempt, formatBytes } from '../../kernel/index.ts'
import { type Check, passed, skipped, warned } from '../check.ts'

/** The size limit of a database on the free plan. Source: developers.cloudflare.com/d1/platform/limits. */
const FREE_BYTES = 500_000_000

/** From this fraction of the limit on, a database counts as nearly full. */
const NEARLY = 0.8

/**
 * Checks the size of a remote database against its limit, the rows read and written, and how far back Time
 * Travel reaches.
 */
export async function checkUsage(address: RemoteD1): Promise<Check[]> {
  const asked = await attempt(() => d1Facts(address))
  if (!asked.ok) return [skipped('database size', asked.failure.message)]
  const { bytes, lastDay, version } = asked.value
  return [
    checkSize(bytes),
    lastDay === undefined
      ? skipped(
          'usage',
          'The API token does not have permission to read the analytics of the account.',
        )
      : passed(
          'usage',
          `In the last 24 hours ${lastDay.rowsRead} rows were read, and ${lastDay.rowsWritten} written.`,
        ),
    version === 'production'
      ? passed('Time Travel', 'It reaches back 30 days; 7 on the free plan.')
      : warned(
          'Time Travel',
          'This database uses an older D1 version without Time Travel.',
          'Export it, and import it into a new database.',
        ),
  ]
}

function checkSize(bytes: number): Check {
  const name = 'database size'
  const message = `The database is ${formatBytes(bytes)}; the limit is ${formatBytes(D1_BYTES)}, or ${formatBytes(FREE_BYTES)} on the free plan.`
  const isNear = (limit: number) => bytes > limit * NEARLY && bytes <= limit
  return isNear(D1_BYTES) || isNear(FREE_BYTES)
    ? warned(
        name,
        message,
        'Delete rows that are no longer needed, or divide the data among databases.',
      )
    : passed(name, message)
}
