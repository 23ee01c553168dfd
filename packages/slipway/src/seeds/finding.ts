import { type Emit, formatRows } from '../kernel/index.ts'
import type { RowLimits } from './generated-rows.ts'
import type { SeedRecord } from './ledger.ts'
import type { SeedSet } from './set.ts'
import type { NamesIn } from './target-tables.ts'

/** A difference between a database and a set. */
export interface SeedFinding {
  readonly set: string
  readonly table?: string
  /** `altered`: a trigger changed values of the set, and there is no other difference. */
  readonly kind: 'missing' | 'different' | 'orphan' | 'edited' | 'never' | 'altered'
  /** The number of affected rows. */
  readonly rows: number
  /** One sentence; contains no values other than those of the files. */
  readonly message: string
}

export interface VerifyRequest {
  readonly sets: readonly SeedSet[]
  readonly names: NamesIn
  readonly emit: Emit
  /** Limits on code that generates rows. */
  readonly limits?: RowLimits | undefined
}

/** The findings about a set that follow from the ledger alone. */
export function ledgerFindings(
  { name, checksum, version }: SeedSet,
  records: readonly SeedRecord[],
): SeedFinding[] {
  const record = records.find((one) => one.name === name)
  if (record === undefined)
    return [{ set: name, kind: 'never', rows: 0, message: `${name} never ran here.` }]
  if (record.checksum === checksum && record.version === version) return []
  const message = `${name} was edited since it ran here (version ${record.version}).`
  return [{ set: name, kind: 'edited', rows: 0, message }]
}

const WHAT = {
  missing: ['is missing', 'are missing'],
  different: ['differs from the seed', 'differ from the seed'],
  altered: ['has values that a trigger changed', 'have values that a trigger changed'],
} as const

/** The finding about rows of a table; none if there are no such rows. */
export function rowFindings(
  kind: keyof typeof WHAT,
  found: { readonly set: string; readonly table: string; readonly rows: number },
): SeedFinding[] {
  const { set, table, rows } = found
  if (rows === 0) return []
  const what = WHAT[kind][rows === 1 ? 0 : 1]
  return [{ ...found, kind, message: `${formatRows(rows)} of ${table} ${what} (seed ${set}).` }]
}
