import type { Way } from './way.ts'

/** A way as the text of a file: what it cannot decide as comments before the statements. */
export function waySql({ statements, choices }: Way): string {
  const notes = choices.map(
    ({ message }) => `-- slipway: choice ${message.replaceAll(/\s+/g, ' ')}\n`,
  )
  const parts = statements.map(({ sql }) => `${sql};\n`)
  return [notes.join(''), parts.join('\n')].filter((part) => part !== '').join('\n')
}
