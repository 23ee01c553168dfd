/**
 * An event of a running command. Events are in order; they are streamed as NDJSON with `--format json
 * --verbose`, and shown as progress on a terminal. Plain data; no row content, no secret.
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
  /** The progress of a transfer: of a backup that is written or read. */
  | {
      readonly kind: 'transferred'
      readonly what: string
      readonly bytes: number
      /** Approximate; 0 if unknown. */
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
  /** The age of its transaction. */
  readonly ageMs: number
}

/** Receives events; must not throw. */
export type Emit = (event: Event) => void
