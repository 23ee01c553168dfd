import { keyOf, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { Statement } from '../statements/index.ts'
import { sizeOf } from './facts.ts'
import type { Context, Finding, Hazard, HeldLock, Rule } from './hazard.ts'
import { blockedBy, stronger } from './lock-mode.ts'

/** A finding with everything that `judge` adds to it. */
export interface Found {
  readonly finding: Finding
  readonly hazard: Hazard
  /** Whether the table's size makes the finding harmless. */
  readonly harmlessBySize: boolean
}

/** A rule's finding with its position, what its lock blocks, and its severity for the table's size. */
export function foundBy({ id }: Pick<Rule, 'id'>, finding: Finding, context: Context): Found {
  const { migration, statement } = context
  const { table, lock, object, rewrites } = finding
  // PostgreSQL refuses CONCURRENTLY, USING INDEX and NOT VALID on a partitioned table.
  const isPartitioned = table && tableNamed(context.schema, table)?.partitioned
  const safeSql = isPartitioned ? undefined : finding.safeSql
  const size = table && sizeOf(context, table)
  const harmlessBySize = size === 'new' || (size === 'empty' && !finding.anySize)
  const light = size === 'small' && lock !== undefined && !finding.anySize
  return {
    finding,
    harmlessBySize,
    hazard: {
      id,
      severity: light ? 'info' : finding.severity,
      migration: migration.name,
      file: migration.path,
      line: statement.line,
      column: statement.column,
      statement: statement.number,
      ...(object === undefined ? {} : { object }),
      ...(lock === undefined ? {} : { lock }),
      blocks: blockedBy(lock),
      ...(rewrites ? { rewrites } : {}),
      message: finding.message,
      ...(safeSql === undefined ? {} : { safeSql }),
    },
  }
}

/** An ALTER TABLE takes the strongest lock that any of its parts needs, for all of them. */
export function withStatementLock(
  found: readonly Found[],
  given: {
    readonly held: readonly HeldLock[]
    readonly schema: DatabaseSchema
    readonly statement: Statement
  },
): Found[] {
  const taken = given.held.filter(({ statement }) => statement === given.statement)
  return found.map((one) => {
    const { table, lock } = one.finding
    if (table === undefined || lock === undefined) return one
    const key = keyOf(given.schema, table)
    const strongest = taken
      .filter((other) => keyOf(given.schema, other.table) === key)
      .reduce((all, other) => stronger(all, other.lock), lock)
    return { ...one, hazard: { ...one.hazard, lock: strongest, blocks: blockedBy(strongest) } }
  })
}

/** Removes findings that several parts of one statement repeat. */
export function withoutRepeats(found: readonly Found[]): Found[] {
  const seen = new Set<string>()
  return found.filter(({ hazard: { id, object, message } }) => {
    const key = JSON.stringify([id, object, message])
    return !seen.has(key) && seen.add(key)
  })
}
