/**
 * What happens while a command works, in the order in which it happens. Streamed as NDJSON with
 * `--format json --verbose`, drawn as progress on a terminal. Plain data; no row content, no secret.
 */
export type Event =
  | { readonly kind: 'phase'; readonly phase: string; readonly detail?: string }
  | {
      readonly kind: 'lock-waiting'
      readonly holders: readonly Blocker[]
      readonly waitedMs: number
    }
  | {
      readonly kind: 'migration-started'
      readonly migration: string
      readonly index: number
      readonly total: number
    }
  | {
      readonly kind: 'statement-started'
      readonly migration: string
      readonly statement: number
      readonly total: number
    }
  | {
      readonly kind: 'blocked'
      readonly migration: string
      readonly attempt: number
      readonly blockers: readonly Blocker[]
      readonly retryInMs: number
    }
  | {
      readonly kind: 'migration-done'
      readonly migration: string
      readonly ms: number
      readonly attempts: number
    }
  | { readonly kind: 'migration-failed'; readonly migration: string; readonly code: string }
  /** How far a transfer is: a backup that is written, or read. */
  | {
      readonly kind: 'transferred'
      readonly what: string
      readonly bytes: number
      /** About; 0 if unknown. */
      readonly expectedBytes: number
      readonly ms: number
    }
  | { readonly kind: 'notice'; readonly message: string }

/** A session that holds a lock for which Slipway waits. `query` has its literals masked. */
export interface Blocker {
  readonly pid: number
  readonly application: string
  readonly user: string
  readonly state: string
  readonly query: string
  /** Age of its transaction. */
  readonly ageMs: number
}

/** Receives events; must not throw. */
export type Emit = (event: Event) => void
