import type { Session } from '../database/index.ts'
import type { ObjectRef } from '../statements/index.ts'
import type { Thresholds } from './thresholds.ts'

/** What of a target is examined. */
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

/** What a finding is about. The ids are those of docs/guides/inspect.md. */
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

/** A number or text that proves a finding. Never the content of a row. */
export type Evidence = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | readonly number[]>
>

/** Something about the health of a target that is worth a look, with its evidence. */
export interface HealthFinding {
  readonly id: HealthId
  /** With `error` something is failing, or will fail soon. */
  readonly severity: 'error' | 'warning' | 'notice'
  /** What it is about; null for a session, a statement or the server. */
  readonly object: ObjectRef | null
  /** One sentence. */
  readonly message: string
  /** Never empty. Times in seconds, sizes in bytes, moments in ISO form. */
  readonly evidence: Evidence
  /** What to do, in one or two sentences. */
  readonly fix: string
  /** SQL for it, for a migration or for psql; null if no SQL helps. */
  readonly sql: string | null
}

/** A measured value, for a monitoring system. */
export interface Figure {
  /** In the form of Prometheus, with its unit: `connections_used`, `database_cache_hit_ratio`. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly value: number
  readonly labels: Readonly<Record<string, string>>
}

/** A statement as `pg_stat_statements` counts it. */
export interface StatementFigures {
  /** The identifier of the server; text, because it has 64 bits. */
  readonly queryId: string
  /** Model and action of Prisma, from the tag in its comment; null without one. */
  readonly model: string | null
  readonly action: string | null
  /** Without comments, its literals masked. */
  readonly text: string
  readonly calls: number
  readonly totalMs: number
  readonly meanMs: number
  readonly maxMs: number
  readonly rows: number
  /** Its part of the time of all statements of the database, from 0 to 1. */
  readonly share: number
}

/** The statements that take the most time, and those that run most often. */
export interface TopStatements {
  /** The moment of the last reset in ISO form; null if the server does not report it. */
  readonly since: string | null
  readonly byTime: readonly StatementFigures[]
  readonly byCalls: readonly StatementFigures[]
}

/** What a check works with. */
export interface Probe {
  readonly session: Session
  /** The schemas of the project, as the server calls them. */
  readonly schemas: readonly string[]
  readonly thresholds: Thresholds
  /** The role may read the statistics of all sessions, as pg_monitor may. */
  readonly readsAllStatistics: boolean
  /** When Slipway made the last backup: UTC. */
  readonly lastBackup: string | undefined
}

/** What a check read. */
export interface Reading {
  readonly findings: readonly HealthFinding[]
  readonly figures?: readonly Figure[]
  readonly statements?: TopStatements
  /** What could not be read, and why; `all` if nothing could. */
  readonly unread?: { readonly extent: 'all' | 'part'; readonly reason: string }
}

/** How a check went. A check that could not read everything says so. */
export interface CheckStatus {
  readonly name: CheckName
  readonly status: 'read' | 'partly-read' | 'not-readable'
  readonly reason: string | null
  readonly findings: number
}

/** Why a role without rights cannot read something. */
export const NEEDS_MONITOR = 'not readable: needs pg_monitor'
