/** The longest name in bytes. */
const LONGEST = 63

/**
 * The name that PostgreSQL chooses for an object if it is free: `users_email_key`. It shortens the longer
 * of the first two parts until the name fits. Source: `makeObjectName` of the server.
 */
export function chosenName(table: string, columns: readonly string[], label: string): string {
  let [first, second] = [Array.from(table), Array.from(columns.join('_'))]
  const rest = LONGEST - label.length - (second.length > 0 ? 2 : 1)
  while (bytesOf(first) + bytesOf(second) > rest) {
    if (bytesOf(first) > bytesOf(second)) first = first.slice(0, -1)
    else second = second.slice(0, -1)
  }
  return [first, ...(second.length > 0 ? [second] : [])]
    .map((part) => part.join(''))
    .concat(label)
    .join('_')
}

function bytesOf(characters: readonly string[]): number {
  return Buffer.byteLength(characters.join(''))
}
