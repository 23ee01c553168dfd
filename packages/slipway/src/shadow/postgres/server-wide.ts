import { loadParser, wordsOf } from '../../statements/index.ts'

/** What belongs to a whole server. */
const SERVER_WIDE = ['ROLE', 'USER', 'GROUP', 'TABLESPACE', 'DATABASE', 'SUBSCRIPTION']

/** A text without these words, unless in a quoted name, spares the scanner: most histories have none that it must read. */
const CANDIDATE = new RegExp(String.raw`\b(?<!")(?:${SERVER_WIDE.join('|')})\b`, 'i')

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
