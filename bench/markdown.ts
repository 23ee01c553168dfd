/** A table of Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Whether a goal was reached, so that a miss is seen. */
export function verdict(reached: boolean): string {
  return reached ? 'yes' : '**no**'
}
