/** A Markdown table. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The text for whether a goal was reached; a miss is in bold. */
export function verdict(reached: boolean): string {
  return reached ? 'yes' : '**no**'
}
