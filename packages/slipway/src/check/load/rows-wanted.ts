import { type Address, withSession } from '../../database/index.ts'
import { attempt, type Emit } from '../../kernel/index.ts'
import { readTableSizes } from '../../plan/index.ts'
import type { ShapeTable } from '../../shadow/index.ts'
import { objectKey } from '../../statements/index.ts'

/** How many rows the tables of a load get. */
export interface RowsAsked {
  /** In each table, whatever the target has. */
  readonly rows?: number
  /** Times the rows of the target; 1 if absent. */
  readonly factor?: number
  /** Whose rows are counted, by its statistics alone; absent if no target was named. */
  readonly target?: Address
}

/** Where the number of rows is from. */
export type RowsFrom = 'flag' | 'target' | 'default'

/** Rows for a table. */
export type RowsWanted = (table: ShapeTable) => { readonly rows: number; readonly from: RowsFrom }

const DEFAULT_ROWS = 100_000
/** A target that is still empty says nothing of what is to come. */
const LEAST_ROWS = 1000
/** The most rows that Slipway generates without being asked for more. */
const MOST_ROWS = 10_000_000
const CONNECT_TIMEOUT_MS = 3000

/** Asks the target once, if needed. One that does not answer is a notice. */
export async function rowsWanted(asked: RowsAsked, emit: Emit): Promise<RowsWanted> {
  const { rows, factor = 1, target } = asked
  if (rows !== undefined) return () => ({ rows, from: 'flag' })
  const sizes = target && (await sizesOf(target, emit))
  return ({ ref }) => {
    const known = sizes?.get(objectKey(ref))
    if (known === undefined) return { rows: DEFAULT_ROWS, from: 'default' }
    const scaled = Math.round(known.rows * factor)
    return { rows: Math.min(Math.max(scaled, LEAST_ROWS), MOST_ROWS), from: 'target' }
  }
}

async function sizesOf(target: Address, emit: Emit) {
  const options = { applicationName: 'slipway check', connectTimeoutMs: CONNECT_TIMEOUT_MS }
  const read = await attempt(() => withSession(target, options, readTableSizes))
  if (read.ok) return read.value
  const message = `The target does not report its row counts, so each table gets ${DEFAULT_ROWS}: ${read.failure.message}`
  emit({ kind: 'notice', message })
  return undefined
}
