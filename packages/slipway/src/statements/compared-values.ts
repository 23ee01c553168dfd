/** Values by column that together meet the conditions of one statement, as far as these compare columns with literals. */
export type ComparedValues = Readonly<Record<string, string>>

/** A column, and a value that a statement compares it with. */
export type ComparedPair = readonly [column: string, value: string]

/**
 * One record with the first value of each column, and one for each further value, which replaces the first.
 */
export function recordsOf(pairs: readonly ComparedPair[]): ComparedValues[] {
  if (pairs.length === 0) return []
  const first = new Map<string, string>()
  const others = pairs.filter(([column, value]) => {
    const known = first.get(column)
    if (known === undefined) first.set(column, value)
    return known !== undefined && known !== value
  })
  const together = Object.fromEntries(first)
  return [together, ...others.map(([column, value]) => ({ ...together, [column]: value }))]
}
