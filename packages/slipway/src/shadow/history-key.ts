import { sha256 } from '../kernel/index.ts'
import { loadParser, wordsOf, type MigrationFile } from '../statements/index.ts'

/** A key for each prefix of a history, by its content; the first is that of the empty one. */
export function keysOf(ground: readonly string[], history: readonly MigrationFile[]): string[] {
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

/** What belongs to a whole server. */
const SERVER_WIDE = ['ROLE', 'USER', 'GROUP', 'TABLESPACE', 'DATABASE', 'SUBSCRIPTION']

/** A text without these words spares the scanner: most histories have none that it must read. */
const CANDIDATE = new RegExp(
  String.raw`\b(?:CREATE|ALTER|DROP)(?:\s|--[^\n]*|/\*[\s\S]*?\*/)+(?:${SERVER_WIDE.join('|')})\b`,
  'i',
)

/** Whether a history changes what belongs to a whole server, also within code: on a shared one it would run only once. */
export async function needsServerOfItsOwn(texts: readonly string[]): Promise<boolean> {
  const candidates = texts.filter((text) => CANDIDATE.test(text))
  if (candidates.length > 0) await loadParser()
  return candidates.some((text) => {
    const words = wordsOf(text).map((word) => word.toUpperCase())
    return words.some(
      (word, at) =>
        ['CREATE', 'ALTER', 'DROP'].includes(word) && SERVER_WIDE.includes(words[at + 1] ?? ''),
    )
  })
}

function withoutComments(text: string): string {
  return text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
}
