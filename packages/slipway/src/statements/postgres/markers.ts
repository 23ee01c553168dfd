import { type Marker, markerOf } from '../marker.ts'
import { commentsIn } from './tokens.ts'

/**
 * The comments of a file that are instructions to Slipway; text in literals is not a comment. Needs
 * `loadParser` first.
 */
export function markersIn(sql: string): Marker[] {
  if (!sql.toLowerCase().includes('slipway:')) return []
  return commentsIn(sql).flatMap((comment) => markerOf(comment, sql) ?? [])
}

/** Whether a file asks for a separate transaction for each of its statements. */
export function wantsNoTransaction(sql: string): boolean {
  return markersIn(sql).some(({ name }) => name === 'no-transaction')
}
