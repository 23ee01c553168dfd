/**
 * An expression of many terms whose depth grows with the logarithm of their number: Cloudflare D1 accepts
 * 100 levels. Empty if there is no term.
 */
export function balanced(terms: readonly string[], operator: string): string {
  if (terms.length <= 2) return terms.join(` ${operator} `)
  const middle = Math.ceil(terms.length / 2)
  const halves = [terms.slice(0, middle), terms.slice(middle)]
  return halves.map((half) => `(${balanced(half, operator)})`).join(` ${operator} `)
}
