import { sha256 } from '../kernel/index.ts'
import type { ReplayMigration } from './replay.ts'

/** A key for each prefix of a history, by its content; the first is that of the empty one. */
export function keysOf(ground: readonly string[], history: readonly ReplayMigration[]): string[] {
  let key = sha256(ground.join('\n'))
  const keys = [key]
  for (const { name, sql } of history) {
    key = sha256(`${key} ${name} ${sha256(sql)}`)
    keys.push(key)
  }
  return keys
}

/** Extensions by name, wherever a text speaks of one; names that are none are harmless. */
export function extensionsOf(texts: readonly string[]): string[] {
  const names = new Set<string>()
  for (const text of texts.map(withoutComments)) {
    for (const match of text.matchAll(/\bextension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)"?/gi))
      names.add(match[1] ?? '')
  }
  return [...names].toSorted()
}

/** Whether a history changes what belongs to a whole server: on a shared one it would run only once. */
export function needsServerOfItsOwn(texts: readonly string[]): boolean {
  return texts.some((text) =>
    /\b(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP|TABLESPACE|DATABASE|SUBSCRIPTION)\b/i.test(
      withoutComments(text),
    ),
  )
}

function withoutComments(text: string): string {
  return text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
}
