/** A limit, with its reason and source. */
interface Threshold {
  readonly value: number
  readonly why: string
}

/**
 * The values from which on something is a finding. All thresholds are here, so that a reader can judge them
 * together; docs/guides/inspect.md repeats them. Ratios are from 0 to 1, times in seconds, sizes in bytes.
 */
const TABLE = {
  slowStatementMs: {
    value: 20,
    why: 'PgHero counts a statement as slow from a mean of 20 ms and 100 calls on (slow_query_ms, slow_query_calls)',
  },
  slowStatementCalls: {
    value: 100,
    why: 'PgHero, slow_query_calls: one report at night is not a problem',
  },
  foreignKeyRows: {
    value: 10_000,
    why: 'below that a scan of the table takes about a millisecond, so that the missing index is only a notice',
  },
  unusedIndexDays: {
    value: 7,
    why: 'statistics of a week include the jobs that run once a week; a monthly report can still need the index',
  },
  unusedIndexBytes: {
    value: 1024 ** 2,
    why: 'a smaller index belongs to a small table, whose writes it hardly slows down',
  },
  deadRows: { value: 10_000, why: 'fewer dead rows cost no measurable time' },
  vacuumOverdue: {
    value: 2,
    why: 'autovacuum starts at its own threshold: twice as many dead rows mean that it does not keep up (PostgreSQL docs, 25.1.6)',
  },
  bloatBytes: {
    value: 100 * 1024 ** 2,
    why: 'PgHero reports index bloat from 100 MB on; less is not worth a rewrite',
  },
  bloatRatio: {
    value: 0.5,
    why: 'a table with many updates keeps up to half of its space free and uses it again',
  },
  cacheHitNotice: {
    value: 0.99,
    why: 'PgHero and Heroku: a database of an application reads 99 % of its blocks from memory',
  },
  cacheHitWarning: {
    value: 0.9,
    why: 'every tenth block is read from the disk or from the cache of the operating system',
  },
  cacheBlocks: {
    value: 100_000,
    why: 'fewer blocks say nothing: a server that was just started has an empty cache',
  },
  longTransactionSeconds: {
    value: 300,
    why: 'VACUUM removes no row that died after it began; PgHero warns after 60 s, which a report or a dump exceeds',
  },
  idleTransactionSeconds: {
    value: 60,
    why: 'nothing runs in it, and it holds its locks: PgHero, long_running_query_sec',
  },
  blockedSeconds: {
    value: 5,
    why: 'a Slipway deploy blocks no session for longer than its lock timeout of 200 ms',
  },
  connectionsWarning: {
    value: 0.8,
    why: 'a deploy doubles the processes of an application for a moment',
  },
  connectionsError: { value: 0.95, why: 'the next process that starts gets no connection' },
  sequenceWarning: { value: 0.75, why: 'leaves enough time to change the column type' },
  sequenceError: { value: 0.9, why: 'PgHero, sequence_danger: at the end each INSERT fails' },
  wraparoundWarning: {
    value: 1_000_000_000,
    why: 'five times autovacuum_freeze_max_age: the VACUUM against wraparound does not finish',
  },
  wraparoundError: {
    value: 1_600_000_000,
    why: 'vacuum_failsafe_age of PostgreSQL 14; near 2,147,000,000 the server refuses to write (docs, 25.1.5)',
  },
  replicationSeconds: { value: 30, why: 'longer than users wait for their own change to appear' },
  backupSeconds: {
    value: 2 * 86_400,
    why: 'a daily backup was missed',
  },
  retainedWalBytes: {
    value: 1024 ** 3,
    why: 'the default of max_wal_size: more is kept only for this slot',
  },
} as const satisfies Readonly<Record<string, Threshold>>

/** The thresholds by name. */
export type Thresholds = Readonly<Record<keyof typeof TABLE, number>>

/** The default thresholds. */
export const THRESHOLDS: Thresholds = Object.fromEntries(
  Object.entries(TABLE).map(([name, { value }]) => [name, value]),
) as Record<keyof typeof TABLE, number>
