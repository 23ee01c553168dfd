/** A key that is equal for equal names: SQLite ignores the case of ASCII letters only. */
export function sqliteNameKey(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
