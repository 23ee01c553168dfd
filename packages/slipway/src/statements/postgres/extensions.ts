import { loadParser } from './parser.ts'
import { identifierOf, isName, wordsOf } from './tokens.ts'

/** The extensions that SQL texts create, including those that code in them creates. */
export async function extensionsIn(texts: readonly string[]): Promise<string[]> {
  // Most histories create none and do not need the parser.
  const candidates = texts.filter((text) => text.toLowerCase().includes('extension'))
  if (candidates.length > 0) await loadParser()
  return [...new Set(candidates.flatMap(createdBy))].toSorted()
}

function createdBy(text: string): string[] {
  const words = wordsOf(text)
  const keywords = words.map((word) => word.toUpperCase())
  return keywords.flatMap((keyword, at) => {
    if (keyword !== 'CREATE' || keywords[at + 1] !== 'EXTENSION') return []
    const name = words[keywords[at + 2] === 'IF' ? at + 5 : at + 2] ?? ''
    // Code may build the name when it runs.
    return isName(name) ? [identifierOf(name)] : []
  })
}
