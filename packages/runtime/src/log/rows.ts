/** The number of rows in a result of Prisma Client: returned by a read, or changed by a write. */
export function countRows(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.length
  if (result === null) return 0
  // `$executeRaw` and `count` return the number of changed or counted rows.
  if (typeof result === 'number') return result
  if (typeof result !== 'object') return undefined
  const { count } = result as { count?: unknown }
  // `updateMany` and similar actions return only a count; a model may have a field of that name among others.
  return typeof count === 'number' && Object.keys(result).length === 1 ? count : 1
}
