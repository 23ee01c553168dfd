import type { Session } from '../database/index.ts'
import type { ObjectRef } from '../statements/index.ts'
import type { Thresholds } from './thresholds.ts'

/** The checks of an inspection. */
export type CheckName =
  | 'statements'
  | 'foreign keys'
  | 'unused indexes'
  | 'duplicate indexes'
  | 'invalid indexes'
  | 'vacuum'
  | 'bloat'
  | 'cache'
  | 'transactions'
  | 'blocked sessions'
  | 'connections'
  | 'sequences'
  | 'wraparound'
  | 'replication'
  | 'last backup'

/** The kinds of findings. docs/guides/inspect.md describes each id. */
export type HealthId =
  | 'slow-statement'
  | 'foreign-key-unindexed'
  | 'index-unused'
  | 'index-duplicate'
  | 'index-invalid'
  | 'table-needs-vacuum'
  | 'table-needs-analyze'
  | 'table-bloat'
  | 'index-bloat'
  | 'cache-misses'
  | 'long-transaction'
  | 'session-blocks'
  | 'connections-near-limit'
  | 'sequence-near-end'
  | 'wraparound-near'
  | 'replication-lag'
  | 'replication-slot'
  | 'archive-failing'
  | 'backup-old'

/** A number or text that proves a finding. Never the content of a row. */
export type Evidence = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | readonly number[]>
>

/** A health problem of a target, with its evidence. */
export interface HealthFinding {
  readonly id: HealthId
  /** `error`: something is failing or will fail soon. */
  readonly severity: 'error' | 'warning' | 'notice'
  /** The object concerned; null for a session, a statement or the server. */
  readonly object: ObjectRef | null
  /** One sentence. */
  readonly message: string
  /** Never empty. Durations in seconds, sizes in bytes, timestamps in ISO format. */
  readonly evidence: Evidence
  /** What to do, in one or two sentences. */
  readonly fix: string
  /** SQL for the fix, for a migration or for psql; null if no SQL helps. */
  readonly sql: string | null
}

/** A measured value, for a monitoring system. */
export interface Metric {
  /** A Prometheus metric name: `connections_used`, `database_cache_hit_ratio`. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly value: number
  readonly labels: Readonly<Record<string, string>>
}

/** The figures of a statement in `pg_stat_statements`. */
export interface StatementFigures {
  /** The server's query identifier; a string, because it has 64 bits. */
  readonly queryId: string
  /** Prisma model and action from the tag in the statement's comment; null without one. */
  readonly model: string | null
  readonly action: string | null
  /** The text without comments and with masked literals. */
  readonly text: string
  readonly calls: number
  readonly totalMs: number
  readonly meanMs: number
  readonly maxMs: number
  readonly rows: number
  /** Its share of the total time of all statements of the database, from 0 to 1. */
  readonly share: number
}

/** The statements that take the most time, and those that run most often. */
export interface TopStatements {
  /** The time of the last statistics reset in ISO format; null if the server does not report it. */
  readonly since: string | null
  readonly byTime: readonly StatementFigures[]
  readonly byCalls: readonly StatementFigures[]
}

/** The input of a check. */
export interface Probe {
  readonly session: Session
  /** The schemas of the project, by their names on the server. */
  readonly schemas: readonly string[]
  readonly thresholds: Thresholds
  /** Whether the role may read the statistics of all sessions, like pg_monitor. */
  readonly readsAllStatistics: boolean
  /** The time of Slipway's last backup, in UTC. */
  readonly lastBackup: string | undefined
}

/** The result of a check. */
export interface CheckReading {
  readonly findings: readonly HealthFinding[]
  readonly figures?: readonly Metric[]
  readonly statements?: TopStatements
  /** How much could not be read, and why; `all` if nothing could. */
  readonly unread?: { readonly extent: 'all' | 'part'; readonly reason: string }
}

/** How much of a check could be read, and the number of its findings. */
export interface CheckStatus {
  readonly name: CheckName
  readonly status: 'read' | 'partly-read' | 'not-readable'
  readonly reason: string | null
  readonly findings: number
}

/** The reason why a role without privileges cannot read something. */
export const NEEDS_MONITOR = 'not readable: needs pg_monitor'
