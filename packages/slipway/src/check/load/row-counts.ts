import { type Address, withSession } from '../../database/index.ts'
import { attempt, type Emit } from '../../kernel/index.ts'
import { readTableSizes } from '../../plan/index.ts'
import type { ShapeTable } from '../../shadow/index.ts'
import { objectKey } from '../../statements/index.ts'

/** The options for the number of rows in a load test. */
export interface RowCountOptions {
  /** The number of rows in each table, independent of the target. */
  readonly rows?: number
  /** Multiplies the row counts of the target; 1 if absent. */
  readonly factor?: number
  /** The target whose row counts are read, only from its statistics; absent if no target was named. */
  readonly target?: Address
}

/** The source of the number of rows. */
export type RowsFrom = 'flag' | 'target' | 'default'

/** The number of rows for a table. */
export type RowCountOf = (table: ShapeTable) => { readonly rows: number; readonly from: RowsFrom }

const DEFAULT_ROWS = 100_000
/** The minimum, because a target that is still empty says nothing about future row counts. */
const MIN_ROWS = 1000
/** The maximum, unless `rows` requests more. */
const MAX_ROWS = 10_000_000
const CONNECT_TIMEOUT_MS = 3000

/** Reads the row counts of the target once, if needed. If it does not answer, emits a notice. */
export async function readRowCounts(asked: RowCountOptions, emit: Emit): Promise<RowCountOf> {
  const { rows, factor = 1, target } = asked
  if (rows !== undefined) return () => ({ rows, from: 'flag' })
  const sizes = target && (await sizesOf(target, emit))
  return ({ ref }) => {
    const known = sizes?.get(objectKey(ref))
    if (known === undefined) return { rows: DEFAULT_ROWS, from: 'default' }
    const scaled = Math.round(known.rows * factor)
    return { rows: Math.min(Math.max(scaled, MIN_ROWS), MAX_ROWS), from: 'target' }
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
