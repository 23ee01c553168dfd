/**
 * An expression as the server prints it after it has read its own text. Only a cast of an array is then
 * printed differently: `(ARRAY['a'::character varying])::text[]` becomes
 * `ARRAY[('a'::character varying)::text]`.
 */
export function reparsedText(text: string): string {
  return castArrays(text, (items, type) => {
    const cast = items.map((item) => `(${item})::${type}`)
    return `ARRAY[${cast.join(', ')}]`
  })
}

/**
 * Rewrites SQL with expressions that the server printed, so that the server prints them unchanged after it
 * has read them: an array whose elements are all of one type is cast as a whole.
 */
export function stableSql(sql: string): string {
  return castArrays(sql, (items, type) => {
    const [own, ...others] = new Set(
      items.map((item) => /::([\w. ]+|"(?:[^"]|"")+")$/.exec(item)?.[1]),
    )
    if (own === undefined || others.length > 0) return undefined
    return `(ARRAY[${items.join(', ')}]::${own}[])::${type}[]`
  })
}

/** Rewrites each cast of an array, except those for which `write` returns undefined. */
function castArrays(
  text: string,
  write: (items: readonly string[], type: string) => string | undefined,
): string {
  let settled = text
  for (
    let from = settled.indexOf(OPENING);
    from !== -1;
    from = settled.indexOf(OPENING, from + 1)
  ) {
    const array = arrayAt(settled, from + OPENING.length)
    if (array === undefined) continue
    const cast = CAST.exec(settled.slice(array.end))
    if (cast === null) continue
    const [whole, type = ''] = cast
    const written = write(array.items, type)
    if (written === undefined) continue
    settled = settled.slice(0, from) + written + settled.slice(array.end + whole.length)
  }
  return settled
}

const OPENING = '(ARRAY['
/** What follows the elements: the end of the array, and the type that it is cast to. */
const CAST = /^\]\)::((?:"(?:[^"]|"")+"|\(\d+(?:,\d+)?\)|[\w. ])+?)\[\]/

/**
 * The elements of the array whose first one begins at `start`, and where they end; undefined if it is empty
 * or has no end.
 */
function arrayAt(
  text: string,
  start: number,
): { readonly items: readonly string[]; readonly end: number } | undefined {
  const items: string[] = []
  let depth = 0
  let itemStart = start
  for (let at = start; at < text.length; at++) {
    const sign = text.charAt(at)
    if (sign === "'" || sign === '"') at = text.indexOf(sign, at + 1)
    if (at === -1) return undefined
    if (sign === '(' || sign === '[') depth++
    if (depth === 0 && (sign === ',' || sign === ']')) {
      items.push(text.slice(itemStart, at).trim())
      itemStart = at + 1
      if (sign === ']') return items[0] === '' ? undefined : { items, end: at }
    }
    if (sign === ')' || sign === ']') depth--
  }
  return undefined
}
