import { loadParser, wordsOf } from '../../statements/index.ts'

/** Words after CREATE, ALTER or DROP: objects of the whole server, and objects that only a superuser may create. */
const SUPERUSER_OBJECTS = [
  'ROLE',
  'USER',
  'GROUP',
  'TABLESPACE',
  'DATABASE',
  'SUBSCRIPTION',
  'SYSTEM',
  'EVENT TRIGGER',
  'FOREIGN DATA WRAPPER',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'ACCESS METHOD',
]

/** Clauses that only a superuser may use. */
const SUPERUSER_CLAUSES = ['FOR ALL TABLES', 'FOR TABLES IN SCHEMA', 'LEAKPROOF']

const VERBS = ['CREATE', 'ALTER', 'DROP']

/** A text without these words (outside quoted names) need not be scanned: that is the case for most histories. */
const CANDIDATE =
  /\b(?<!")(?:ROLE|USER|GROUP|TABLESPACE|DATABASE|SUBSCRIPTION|SYSTEM|EVENT|WRAPPER|OPERATOR|METHOD|TABLES|LEAKPROOF)\b/i

/**
 * Whether a history needs a superuser, including code in strings. Only the embedded database has one for SQL under
 * test, and server-wide objects are discarded with it.
 */
export async function needsSuperuser(texts: readonly string[]): Promise<boolean> {
  const candidates = texts.filter((text) => CANDIDATE.test(text))
  if (candidates.length > 0) await loadParser()
  return candidates.some((text) => {
    const words = wordsOf(text).map((word) => word.toUpperCase())
    const follows = (at: number, phrase: string) =>
      phrase.split(' ').every((word, index) => words[at + index] === word)
    return words.some(
      (word, at) =>
        (VERBS.includes(word) && SUPERUSER_OBJECTS.some((phrase) => follows(at + 1, phrase))) ||
        SUPERUSER_CLAUSES.some((phrase) => follows(at, phrase)),
    )
  })
}
