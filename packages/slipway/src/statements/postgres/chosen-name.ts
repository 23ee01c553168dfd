/** The longest name in bytes. */
const LONGEST = 63

/**
 * The name that PostgreSQL chooses for an object if it is free: `users_email_key`. It shortens the longer
 * of the first two parts, byte by byte, until the name fits, and then leaves out the rest of a character that
 * was cut. Source: `makeObjectName` of the server.
 */
export function chosenName(table: string, columns: readonly string[], label: string): string {
  const parts = columns.length > 0 ? [table, columns.join('_')] : [table]
  let [first = 0, second = 0] = parts.map((part) => Buffer.byteLength(part))
  const rest = LONGEST - label.length - parts.length
  while (first + second > rest) {
    if (first > second) first--
    else second--
  }
  return [...parts.map((part, at) => beginning(part, at === 0 ? first : second)), label].join('_')
}

/** The whole characters within the first bytes of a text. */
function beginning(text: string, bytes: number): string {
  let [end, left] = [0, bytes]
  for (const character of text) {
    left -= Buffer.byteLength(character)
    if (left < 0) break
    end += character.length
  }
  return text.slice(0, end)
}
