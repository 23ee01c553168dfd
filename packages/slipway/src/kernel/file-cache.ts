import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The value that a file caches for a key, a hash of everything that the value depends on; undefined for
 * another key, or if the file cannot be read.
 */
export function readCached(file: string, key: string): string | undefined {
  try {
    const [storedKey, value] = readFileSync(file, 'utf8').split('\n')
    return storedKey === key ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Caches one line of text for a key, and replaces what the file cached before. Does nothing if the folder
 * cannot be written.
 */
export function writeCached(file: string, key: string, value: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${key}\n${value}\n`)
  } catch {
    // There is no cache in a read-only checkout.
  }
}
