import type { SqliteError } from '../../kernel/index.ts'
import { type Statement, tokenPlaces } from '../../statements/index.ts'

/** What SQLite's messages name: an object, a column, the word with the syntax error. */
const NAMING = [
  /^no such [\w ]+: (?<name>.+)$/,
  /^near "(?<name>.+)": syntax error$/,
  /^(?:table|index|view|trigger) (?<name>.+) already exists$/,
  /^there is already (?:a table|an index|another table or index) (?:named|with this name:) (?<name>.+)$/,
  /^duplicate column name: (?<name>.+)$/,
  /^table .+ has no column named (?<name>.+)$/,
  /^unknown column "(?<name>.+)" in foreign key definition$/,
  /^cannot drop column "(?<name>.+)"/,
  /^error in .+: no such \w+: (?<name>.+)$/,
  /^(?:NOT NULL|UNIQUE) constraint failed: (?<name>[^,]+)/,
]

/** Where in its file a statement was refused: at the word that the message names, or else at its beginning. */
export function placeInStatement(
  { text, start }: Pick<Statement, 'text' | 'start'>,
  error: Pick<SqliteError, 'message'> | undefined,
): number {
  const named = NAMING.map((pattern) => pattern.exec(error?.message ?? '')).find(Boolean)
  const word = named?.groups?.['name']?.split('.').at(-1)?.replaceAll('"', '')
  const place = word === undefined ? undefined : tokenPlaces(text, word)[0]
  return start + (place ?? 0)
}
