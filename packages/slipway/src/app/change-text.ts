import type { Change } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'

/** A difference between a database and its history, as text. */
export function changeText({ change, object, attributes }: Change): string {
  const what = {
    added: 'exists only in the database',
    removed: 'is missing from the database',
    changed: 'is different',
  }[change]
  return `${objectText(object)} ${what}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''}`
}
