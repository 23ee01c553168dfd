import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * What a file remembers for a key, a hash of all that it depends on; nothing if it was remembered for another key. A
 * cache only: what cannot be read is unknown.
 */
export function recall(file: string, key: string): string | undefined {
  try {
    const [storedKey, value] = readFileSync(file, 'utf8').split('\n')
    return storedKey === key ? value : undefined
  } catch {
    return undefined
  }
}

/** Remembers one line of text for a key, in place of what the file held. A folder that cannot be written remembers nothing. */
export function remember(file: string, key: string, value: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${key}\n${value}\n`)
  } catch {
    // A read-only checkout has no cache.
  }
}
