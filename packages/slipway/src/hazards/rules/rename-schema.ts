import type { Rule } from '../hazard.ts'

/** Running clients still use the schema's old name. */
export const renameSchema: Rule = {
  id: 'rename-schema',
  title: 'A schema is renamed under running clients',
  judge(action) {
    if (action.kind !== 'rename' || action.of !== 'schema') return undefined
    const { from, to } = action
    return {
      severity: 'error',
      object: { kind: 'schema', name: from },
      message: `The schema ${from} becomes ${to}: every client that still uses ${from}, including through search_path, no longer finds its tables.`,
    }
  },
}
