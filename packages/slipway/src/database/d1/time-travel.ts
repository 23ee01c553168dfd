import type { RemoteD1, SessionOptions } from '../port.ts'
import { d1Api } from './api.ts'

/** The bookmark of the current state of a database, or of an earlier state. */
export async function d1Bookmark(
  address: RemoteD1,
  { at, ...options }: SessionOptions & { readonly at?: Date } = {},
): Promise<string> {
  const when = at === undefined ? '' : `?timestamp=${encodeURIComponent(at.toISOString())}`
  const path = `/time_travel/bookmark${when}`
  const { bookmark } = await d1Api(address, options).read<{ readonly bookmark: string }>({
    method: 'GET',
    path,
  })
  return bookmark
}

/** What a restore did. */
export interface D1Restored {
  /** The bookmark of the restored state. */
  readonly bookmark: string
  /** The bookmark that undoes the restore. */
  readonly previous: string
}

/**
 * Restores a database to the state of a bookmark, and ends all running queries. Fails with
 * DATABASE.OUTCOME_UNKNOWN if the answer was lost; then the same restore can be run again.
 */
export async function d1Restore(
  address: RemoteD1,
  bookmark: string,
  options: SessionOptions = {},
): Promise<D1Restored> {
  const path = `/time_travel/restore?bookmark=${encodeURIComponent(bookmark)}`
  const restored = await d1Api(address, options).write<{
    readonly bookmark: string
    readonly previous_bookmark: string
  }>({ method: 'POST', path })
  return { bookmark: restored.bookmark, previous: restored.previous_bookmark }
}
