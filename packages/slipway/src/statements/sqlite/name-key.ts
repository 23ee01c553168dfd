/** A name in the form that is equal for equal names: SQLite folds the letters of ASCII alone. */
export function sqliteNameKey(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
