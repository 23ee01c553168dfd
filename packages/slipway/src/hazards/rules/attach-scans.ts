import { tableNamed } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** ATTACH PARTITION reads every row of the table, and of a default partition, under ACCESS EXCLUSIVE. */
export const attachScans: Rule = {
  id: 'attach-scans',
  title: 'ATTACH PARTITION reads every row while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'attach-partition') return undefined
    const { table, partition } = action
    const constraints = tableNamed(context.schema, partition)?.constraints ?? []
    // Only the server can tell which values a check allows; the docs page explains how to write it.
    if (constraints.some(({ kind, valid }) => kind === 'check' && valid)) return undefined
    return {
      severity: 'error',
      object: tableObject(context, partition),
      table: partition,
      lock: 'ACCESS EXCLUSIVE',
      message: `ATTACH PARTITION reads every row of ${full(context, partition)}, and of the default partition of ${full(context, table)} if it has one, and blocks all reads and writes of them until it finishes. A valid CHECK that matches the partition bounds avoids the scan.`,
    }
  },
}
