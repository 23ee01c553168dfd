/** A text as SQLite reads it: a backslash is a character like any other. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
