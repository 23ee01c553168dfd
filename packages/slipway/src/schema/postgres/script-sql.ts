import { type Destruction, destructionText, objectText } from '../../statements/index.ts'
import type { Choice, SchemaScript } from '../script.ts'

/** A script as the text of a file: the data that it destroys, and its choices, as comments before the statements. */
export function scriptSql(
  { statements, choices }: SchemaScript,
  losses: readonly Destruction[] = [],
): string {
  const notes = [
    ...losses.map((loss) => `lossy ${destructionText(loss)}`),
    ...choices.map((choice) => `choice ${choiceText(choice)}`),
  ].map((note) => `-- slipway: ${note.replaceAll(/\s+/g, ' ')}\n`)
  const parts = statements.map(({ sql }) => `${sql};\n`)
  return [notes.join(''), parts.join('\n')].filter((part) => part !== '').join('\n')
}

/** A choice as people read it. For output only. */
export function choiceText({ object, message }: Choice): string {
  return `${objectText(object)} ${message}`
}
