import { objectOfKey, type ObjectRef, objectText } from '../statements/index.ts'
import type { Fingerprint } from './fingerprint.ts'

/** One object in which two schemas differ, seen from the first to the second. */
export interface Change {
  readonly change: 'added' | 'removed' | 'changed'
  readonly object: ObjectRef
  /** The names of the attributes that changed, never values of rows. */
  readonly attributes: readonly string[]
}

/** The objects in which two fingerprints differ, if only fingerprints are available. */
export function differingObjects(from: Fingerprint, to: Fingerprint): Change[] {
  const names = new Set([...Object.keys(from.objects), ...Object.keys(to.objects)])
  const changes = [...names].flatMap((name): Change[] => {
    const before = from.objects[name]
    const after = to.objects[name]
    if (before === after) return []
    const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
    return [{ change, object: objectOfKey(name), attributes: [] }]
  })
  return byName(changes)
}

/** Changes sorted by the names of their objects. */
export function byName(changes: readonly Change[]): Change[] {
  const named = changes.map((change) => ({ change, name: objectText(change.object) }))
  return named.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ change }) => change)
}
