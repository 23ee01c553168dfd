import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'

/** Everything in the schema is lost. */
export const dropSchema: Rule = {
  id: 'drop-schema',
  title: 'A schema is dropped',
  judge(action, { schema }) {
    if (action.kind !== 'drop' || action.of !== 'schema') return undefined
    const { name } = action.object
    const { schema: dropped } = referenceOf(schema, { schema: name, name: '' })
    const inside = [...schema.tables.values()].filter((table) => table.schema === dropped)
    const tables = inside.map((table) => table.name)
    const lost =
      action.cascade && tables.length > 0 ? ` This also drops the tables ${tables.join(', ')}.` : ''
    return {
      severity: 'error',
      object: { kind: 'schema', name },
      message: `The schema ${name} is dropped${action.cascade ? ' with everything in it' : ''}.${lost}`,
    }
  },
}
