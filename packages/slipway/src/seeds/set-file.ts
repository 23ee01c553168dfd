import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseExactly } from './json-text.ts'
import type { SeedSet, SeedSetFile } from './set.ts'

/** The state of a file compared with the content to write. */
export type FileState = 'new' | 'changed' | 'unchanged'

/** A table that a set does not have yet. */
export interface NewTable {
  readonly name: string
  readonly key: readonly string[]
  /** The name of its data file, in the folder of the set. */
  readonly rows: string
}

/** The new definition of a set. */
export interface SetFile {
  readonly file: string
  readonly state: FileState
  readonly version: number
  readonly text: string
}

/**
 * The `set.json` of a set with tables added, and with the next version if its rows changed, so that databases
 * with the previous version get the change. Undefined if the set is code, which must be changed by hand.
 */
export function setFile(
  folder: string,
  set: SeedSet | undefined,
  { tables, changed }: { readonly tables: readonly NewTable[]; readonly changed: boolean },
): SetFile | undefined {
  const file = set?.file ?? path.join(folder, 'set.json')
  if (path.basename(file) !== 'set.json') return undefined
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  // Rows in the definition keep the digits of their numbers.
  const definition = before === undefined ? undefined : (parseExactly(before) as SeedSetFile)
  const version = set === undefined ? 1 : changed ? set.version + 1 : set.version
  const added = tables.map(({ name, key, rows }) => [name, { key, rows }] as const)
  const next = {
    ...definition,
    version,
    tables: { ...definition?.tables, ...Object.fromEntries(added) },
  }
  const same = before !== undefined && !changed && tables.length === 0
  const text = same ? before : `${JSON.stringify(next, undefined, 2)}\n`
  return {
    file,
    state: before === undefined ? 'new' : same ? 'unchanged' : 'changed',
    version,
    text,
  }
}
