/** A text as a SQLite string literal, in which a backslash has no special meaning. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
