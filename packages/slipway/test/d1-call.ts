import type { RemoteD1 } from '../src/database/index.ts'
import type { D1Database } from './d1-database.ts'

/** A database of the stand-in. */
export interface TestDatabase {
  readonly name: string
  readonly id: string
  /** Its file, and everything that the API does, without the API. */
  readonly d1: D1Database
  readonly address: RemoteD1
  /** Cancels the import that runs, as time does where nobody polls it. */
  cancelImport(): void
}

export interface D1Call {
  readonly method: string
  readonly path: string
  readonly action: D1Action
  /** Counted from 1. */
  readonly number: number
}

export type D1Action =
  | 'list'
  | 'get'
  | 'query'
  | 'raw'
  | 'import-init'
  | 'upload'
  | 'import-ingest'
  | 'import-poll'
  | 'export'
  | 'download'
  | 'bookmark'
  | 'restore'
  | 'analytics'
  | 'other'

export type D1Fault =
  /** An answer with this status. `carriedOut`: although the call was carried out. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfter?: number
      readonly code?: number
      readonly message?: string
      readonly carriedOut?: boolean
    }
  /** The connection is reset, and nothing was done. */
  | { readonly kind: 'reset' }
  /** The call is carried out, and the connection is reset. */
  | { readonly kind: 'lost-answer' }
  /** The connection is reset after so many bytes of the body that is sent. */
  | { readonly kind: 'cut-request'; readonly bytes: number }
  /** The connection is reset within the answer. */
  | { readonly kind: 'cut-answer' }
  /** The answer comes late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** An answer never comes. `carriedOut`: although the call was carried out. */
  | { readonly kind: 'silent'; readonly carriedOut?: boolean }
  /** The import that this call starts or asks about ends in this error, and is undone. */
  | { readonly kind: 'import-error'; readonly message: string }
  /** Another import is said to run. */
  | { readonly kind: 'import-busy' }
  /** An upload is answered as if it had arrived, and is not there. */
  | { readonly kind: 'forget' }
  /** An HTML page of a proxy. */
  | { readonly kind: 'page'; readonly status: number }

export interface D1ServerOptions {
  readonly accountId?: string
  /** Tokens and what they may do with D1. */
  readonly tokens?: Readonly<Record<string, 'edit' | 'read' | 'none'>>
  /** Calls in so many ms, before it answers 429. */
  readonly limit?: { readonly calls: number; readonly windowMs: number }
  /** How often an import or export has to be polled until it is complete. */
  readonly polls?: number
  /** After how many ms without a poll an import is cancelled. */
  readonly pollTimeoutMs?: number
  /** What the analytics say of the last day; without it they refuse. */
  readonly analytics?: { readonly rowsRead: number; readonly rowsWritten: number }
}

export const TEST_TOKEN = 'token-of-tests-0123456789abcdefghijklmno'
export const TEST_ACCOUNT = 'a'.repeat(32)
