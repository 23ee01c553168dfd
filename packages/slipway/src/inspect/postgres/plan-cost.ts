import type { Session } from '../../database/index.ts'

/** The server's plan for a statement: its estimated cost, and how it reads the table. */
export interface PlanCost {
  readonly cost: number
  readonly scan: string
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Total Cost': number
  readonly Plans?: readonly PlanNode[]
}

/** The cost of a statement, which is planned and not run. */
export async function costOf(session: Session, statement: string): Promise<PlanCost> {
  const { rows } = await session.queryRaw(`EXPLAIN (FORMAT JSON) ${statement}`)
  const [{ Plan: plan }] = JSON.parse(rows[0]?.[0] ?? '[]') as [{ Plan: PlanNode }]
  return { cost: plan['Total Cost'], scan: scansIn(plan).join(', ') }
}

function scansIn(node: PlanNode): string[] {
  const own = node['Node Type'].endsWith('Scan') ? [node['Node Type']] : []
  return [...new Set([...own, ...(node.Plans ?? []).flatMap(scansIn)])]
}
