import type { Session } from '../../database/index.ts'
import { advice, formatDuration } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** The resources that SQL under test may use on a shadow database. */
export interface ShadowLimits {
  /** How long one message may run. */
  readonly timeMs: number
  /** How large a database on a private server may become. */
  readonly diskBytes: number
}

const LIMITS: ShadowLimits = { timeMs: 300_000, diskBytes: 4_000_000_000 }

/** How much the server may send in response to one message. */
export const OUTPUT_LIMIT_BYTES = 64_000_000

const LOOK_EVERY_MS = 250
/** The server reads the size of each file of a database. That may take a twentieth of the time; pauses are limited. */
const SIZE_SHARE = 20
const SIZE_EVERY_MS = 5000

/** Where SQL under test runs. */
export interface LimitedWork {
  /** A session on another database of the server. */
  readonly admin: Session
  readonly database: string
  readonly limits: Partial<ShadowLimits> | undefined
  /** Whether it is a private server; the disk of any other server is not our concern. */
  readonly owned: boolean
}

/**
 * Runs work with SQL under test. Terminates the sessions on the database if a message runs too long or the database
 * grows too large; a session that receives too much calls `onExcess`. Then it fails with SHADOW.LIMIT_EXCEEDED. Server
 * settings would not suffice, because SQL may change them.
 */
export async function withinLimits<T>(
  limited: LimitedWork,
  work: (onExcess: () => void) => Promise<T>,
): Promise<T> {
  let excess: string | undefined
  let looking = false
  const findExcessSize = sizeWatch(limited)
  const look = async () => {
    excess ??= (await findExcessTime(limited)) ?? (await findExcessSize())
    if (excess !== undefined) await endSessions(limited)
  }
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    // If the server has stopped, the work fails on its own.
    void look()
      .catch(() => undefined)
      .finally(() => (looking = false))
  }, LOOK_EVERY_MS)
  let cause: unknown
  try {
    const value = await work(
      () => (excess ??= `returns more than ${megabytes(OUTPUT_LIMIT_BYTES)}`),
    )
    if (excess === undefined) return value
  } catch (error) {
    if (excess === undefined) throw error
    cause = error
  } finally {
    clearInterval(timer)
  }
  return raise('SHADOW.LIMIT_EXCEEDED', {
    message: `SQL on the shadow database ${excess}.`,
    why: 'Test runs have limits, so that a migration cannot exhaust the machine.',
    nextActions: [
      advice('If the migration needs it, set shadowTimeout in slipway.config.ts.'),
      advice("Or name a server in slipway.config.ts: shadow: 'env:SHADOW_SERVER_URL'."),
    ],
    cause,
  })
}

/** Whether a message runs too long, as the rest of a sentence. */
async function findExcessTime({
  admin,
  database,
  limits,
}: LimitedWork): Promise<string | undefined> {
  const { timeMs } = { ...LIMITS, ...limits }
  const [found] = await admin.query<{ ms: string | null }>(
    `SELECT max(extract(epoch FROM clock_timestamp() - query_start) * 1000)::bigint::text AS ms
     FROM pg_stat_activity WHERE datname = $1 AND state IN ('active', 'fastpath function call')`,
    [database],
  )
  return Number(found?.ms ?? 0) > timeMs ? `runs longer than ${formatDuration(timeMs)}` : undefined
}

/** Checks from time to time whether a database on a private server is too large; returns the rest of a sentence. */
function sizeWatch({ admin, database, limits, owned }: LimitedWork) {
  const { diskBytes } = { ...LIMITS, ...limits }
  let due = 0
  return async (): Promise<string | undefined> => {
    const began = performance.now()
    if (!owned || began < due) return undefined
    const [found] = await admin.query<{ bytes: string }>(
      'SELECT pg_database_size(oid)::text AS bytes FROM pg_database WHERE datname = $1',
      [database],
    )
    const ended = performance.now()
    due = ended + Math.min((ended - began) * SIZE_SHARE, SIZE_EVERY_MS)
    const isTooLarge = Number(found?.bytes ?? 0) > diskBytes
    return isTooLarge ? `needs more than ${megabytes(diskBytes)} of disk space` : undefined
  }
}

async function endSessions({ admin, database }: LimitedWork): Promise<void> {
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
    database,
  ])
}

function megabytes(bytes: number): string {
  return `${bytes / 1_000_000} MB`
}
