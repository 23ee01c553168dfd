import { objectText } from '../../statements/index.ts'
import type { Choice, SchemaScript } from './schema-script.ts'

/** A script as the text of a file: its choices as comments before the statements. */
export function scriptSql({ statements, choices }: SchemaScript): string {
  const notes = choices.map(
    (choice) => `-- slipway: choice ${choiceText(choice).replaceAll(/\s+/g, ' ')}\n`,
  )
  const parts = statements.map(({ sql }) => `${sql};\n`)
  return [notes.join(''), parts.join('\n')].filter((part) => part !== '').join('\n')
}

/** A choice as people read it. For output alone. */
export function choiceText({ object, message }: Choice): string {
  return `${objectText(object)} ${message}`
}
