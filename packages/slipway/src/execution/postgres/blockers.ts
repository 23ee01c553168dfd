import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, type Session, withSession } from '../../database/index.ts'
import type { Blocker } from '../../kernel/index.ts'

const FIRST_POLL_MS = 40
const FAST_POLL_MS = 40
const FAST_POLLS = 20
const SLOW_POLL_MS = 1000
const WATCH = { applicationName: 'slipway watch', connectTimeoutMs: 2000 }

const COLUMNS = `a.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename, '') AS "user",
  coalesce(a.state, '') AS state, coalesce(a.query, '') AS query,
  coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::float8 AS "ageMs"`

/** The sessions that hold the advisory lock `key`. */
export async function advisoryHolders(session: Session, key: number): Promise<Blocker[]> {
  const rows = await session.query<Blocker & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.objid = $1 AND l.classid = 0
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [key],
  )
  return rows.map(masked)
}

/** The sessions that hold an ACCESS EXCLUSIVE lock on a table, so that it cannot even be read. */
export async function exclusiveHolders(session: Session): Promise<Blocker[]> {
  const rows = await session.query<Blocker & Record<string, unknown>>(
    `SELECT DISTINCT ${COLUMNS} FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )
  return rows.map(masked)
}

/** Who blocks us, and the virtual transaction IDs of the blockers, such as `3/120`. */
export interface Obstacle {
  readonly blockers: readonly Blocker[]
  readonly transactions: readonly string[]
}

/** No blocker is known. */
export const NO_OBSTACLE: Obstacle = { blockers: [], transactions: [] }

/**
 * Reads over a second session which sessions block the one with `pid`, and reports the last ones that it saw. It
 * connects if the first work takes long, and stays connected until `end`, so that it sees the next attempt from its
 * beginning. Short work costs nothing; if the server accepts no second session, the blockers remain unnamed.
 */
export class BlockerWatch {
  readonly #address: Address
  readonly #pid: number
  readonly #seen: (obstacle: Obstacle) => void
  #watching: Promise<void> | undefined
  #wake = new AbortController()
  #polls = 0
  #working = false
  #ended = false

  constructor(address: Address, pid: number, seen: (obstacle: Obstacle) => void) {
    this.#address = address
    this.#pid = pid
    this.#seen = seen
  }

  /** Watches while `work` runs. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.#address.kind === 'embedded') return await work
    this.#working = true
    this.#pollNow()
    // Only a timer runs until the first poll: most work is shorter.
    const timer = setTimeout(() => {
      this.#watching ??= this.#watch()
    }, FIRST_POLL_MS)
    try {
      return await work
    } finally {
      clearTimeout(timer)
      this.#working = false
    }
  }

  async end(): Promise<void> {
    this.#ended = true
    this.#pollNow()
    await this.#watching
  }

  #pollNow(): void {
    this.#polls = 0
    this.#wake.abort()
    this.#wake = new AbortController()
  }

  async #watch(): Promise<void> {
    try {
      await withSession(this.#address, WATCH, async (session) => {
        for (;;) {
          const obstacle = await obstacleOf(session, this.#pid)
          if (obstacle.blockers.length > 0) this.#seen(obstacle)
          if (this.#ended) return
          const isFast = this.#working && this.#polls++ < FAST_POLLS
          const { signal } = this.#wake
          await sleep(isFast ? FAST_POLL_MS : SLOW_POLL_MS, undefined, { signal }).catch(() => {})
        }
      })
    } catch {
      // A second session that fails must not fail the first.
      this.#watching = undefined
    }
  }
}

async function obstacleOf(session: Session, pid: number): Promise<Obstacle> {
  const rows = await session.query<
    Blocker & Record<string, unknown> & { transaction: string | null }
  >(
    `SELECT ${COLUMNS}, (SELECT min(l.virtualtransaction) FROM pg_locks l
       WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.granted) AS transaction
     FROM unnest(pg_blocking_pids($1)) AS b(pid) JOIN pg_stat_activity a ON a.pid = b.pid`,
    [pid],
  )
  return {
    blockers: rows.map(({ transaction, ...blocker }) => masked(blocker)),
    transactions: rows.flatMap(({ transaction }) => transaction ?? []),
  }
}

/** Whether one of the transactions is still open; false if none is known. */
export async function isStillOpen(session: Session, { transactions }: Obstacle): Promise<boolean> {
  if (transactions.length === 0) return false
  const [row] = await session.query<{ open: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_locks WHERE virtualtransaction = ANY ($1)) AS open',
    [transactions],
  )
  return row?.open === true
}

/** Masks the literals of a query, because they may be row content. */
function masked(row: Blocker): Blocker {
  return { ...row, query: withoutLiterals(row.query), ageMs: Math.round(row.ageMs) }
}

/** Comments, quoted names, all kinds of string literals, numbers. The server truncates long queries at any character. */
const TOKENS =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|("[^"]*"?)|e'(?:[^'\\]|\\[\s\S]|'')*(?:'|\\?$)|'(?:[^']|'')*(?:'|$)|\$(\w*)\$[\s\S]*?(?:\$\2\$|$)|(\$\d+)|\b\d[\d.]*\b/gi

/** A query on one line, with its values masked. */
export function withoutLiterals(query: string): string {
  return query
    .replaceAll(TOKENS, (token, name?: string, _tag?: string, parameter?: string) => {
      if (name ?? parameter) return token
      if (/^(?:--|\/\*)/.test(token)) return ' '
      return /^\d/.test(token) ? '?' : "'…'"
    })
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 160)
}

/** Describes a blocker in one line. */
export function describeBlocker({ pid, application, user, state, query, ageMs }: Blocker): string {
  const who = [application || 'unnamed application', user].filter(Boolean).join(', ')
  return `pid ${pid} (${who}; ${state || 'unknown state'}; transaction open for ${Math.round(ageMs / 100) / 10} s): ${query}`
}
