import { sha256 } from '../kernel/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** A key for each prefix of a history, by its content; the first key is that of the empty history. */
export function keysOf(ground: readonly string[], history: readonly MigrationFile[]): string[] {
  let key = sha256(ground.join('\n'))
  const keys = [key]
  for (const { name, sql } of history) {
    key = sha256(`${key} ${name} ${sha256(sql)}`)
    keys.push(key)
  }
  return keys
}
