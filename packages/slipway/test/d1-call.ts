import type { RemoteD1 } from '../src/database/index.ts'
import type { D1Database } from './d1-database.ts'

/** A database of the stand-in. */
export interface TestDatabase {
  readonly name: string
  readonly id: string
  /** The database behind the API, for direct access. */
  readonly d1: D1Database
  readonly address: RemoteD1
  /** Cancels the running import, as a timeout does if nothing polls it. */
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
  /** A response with this status. `carriedOut`: although the call was carried out. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfter?: number
      readonly code?: number
      readonly message?: string
      readonly carriedOut?: boolean
    }
  /** The connection is reset before the call is carried out. */
  | { readonly kind: 'reset' }
  /** The connection is reset after the call is carried out. */
  | { readonly kind: 'lost-answer' }
  /** The connection is reset after this many bytes of the request's body. */
  | { readonly kind: 'cut-request'; readonly bytes: number }
  /** The connection is reset within the response. */
  | { readonly kind: 'cut-answer' }
  /** The response is late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** No response is sent. `carriedOut`: although the call was carried out. */
  | { readonly kind: 'silent'; readonly carriedOut?: boolean }
  /** The import that this call starts or polls ends with this error and is rolled back. */
  | { readonly kind: 'import-error'; readonly message: string }
  /** The response says that another import is running. */
  | { readonly kind: 'import-busy' }
  /** The response to an upload reports success, but the file is not stored. */
  | { readonly kind: 'forget' }
  /** An HTML page of a proxy. */
  | { readonly kind: 'page'; readonly status: number }

export interface D1ServerOptions {
  readonly accountId?: string
  /** Tokens and their rights on D1. */
  readonly tokens?: Readonly<Record<string, 'edit' | 'read' | 'none'>>
  /** The number of calls in a time window, in ms, before the server responds with 429. */
  readonly limit?: { readonly calls: number; readonly windowMs: number }
  /** How often an import or export must be polled until it is complete. */
  readonly polls?: number
  /** The time without a poll after which an import is cancelled, in ms. */
  readonly pollTimeoutMs?: number
  /** The analytics of the last day; if absent, their query is refused. */
  readonly analytics?: { readonly rowsRead: number; readonly rowsWritten: number }
}

export const TEST_TOKEN = 'token-of-tests-0123456789abcdefghijklmno'
export const TEST_ACCOUNT = 'a'.repeat(32)
