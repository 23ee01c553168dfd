/** A number of rows in words: `1 row`, `1,204 rows`. */
export function formatRows(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'row' : 'rows'}`
}
