import type { Emit } from '../kernel/index.ts'
import type { SeedRecord } from './ledger.ts'
import type { RowLimits } from './made-rows.ts'
import type { SeedSet } from './set.ts'
import type { NamesIn } from './target-tables.ts'

/** In what a database differs from a set. */
export interface SeedFinding {
  readonly set: string
  readonly table?: string
  /** `altered`: a trigger changed what the set gave, and nothing differs but by that. */
  readonly kind: 'missing' | 'different' | 'orphan' | 'edited' | 'never' | 'altered'
  /** Rows that it concerns. */
  readonly rows: number
  /** One sentence, without values that are not in the files. */
  readonly message: string
}

export interface VerifyRequest {
  readonly sets: readonly SeedSet[]
  readonly names: NamesIn
  readonly emit: Emit
  /** What ends code that generates rows. */
  readonly limits?: RowLimits | undefined
}

/** What the ledger says of a set that is verified. */
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
