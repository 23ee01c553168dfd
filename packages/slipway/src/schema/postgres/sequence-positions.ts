import type { FactBase } from '@supabase/pg-delta'
import { quoteIdentifier, quoteLiteral } from '../../database/index.ts'

interface Column {
  readonly schema: string
  readonly table: string
  readonly name: string
}

/**
 * The SQL that moves the sequences of existing columns past the existing rows, if a script creates those
 * sequences again. Otherwise they would begin with numbers that are in use.
 */
export function sequencesPastRows(source: FactBase, target: FactBase): string[] {
  return numberedColumns(target)
    .filter((one) => getsSequence(source, one) && isInteger(target, one.column))
    .map(setvalSql)
}

interface Numbered {
  readonly column: Column
  /** Its sequence is an object of its own. */
  readonly serial: boolean
  readonly sequence: { readonly kind: 'sequence'; readonly schema: string; readonly name: string }
}

interface Named {
  readonly schema: string
  readonly name: string
}

function numberedColumns(facts: FactBase): Numbered[] {
  return facts.facts().flatMap(({ id, payload }): Numbered[] => {
    if (id.kind === 'sequence') {
      const owner = payload['ownedBy'] as (Omit<Column, 'name'> & { column: string }) | null
      if (!owner) return []
      const { schema, table, column } = owner
      return [
        {
          column: { schema, table, name: column },
          serial: true,
          sequence: { ...id, kind: 'sequence' },
        },
      ]
    }
    if (id.kind !== 'column') return []
    const identity = payload['identity'] as { readonly sequence: Named } | null
    if (!identity) return []
    const { schema, name } = identity.sequence
    return [{ column: id, serial: false, sequence: { kind: 'sequence', schema, name } }]
  })
}

/**
 * Whether the script creates a sequence for a column that already exists: for a serial, or for a column that
 * becomes an identity. The sequence of an identity is always new: an earlier one with its name is dropped.
 */
function getsSequence(source: FactBase, { column, serial, sequence }: Numbered): boolean {
  const fact = source.get({ kind: 'column', ...column })
  return fact !== undefined && (serial ? !source.has(sequence) : !fact.payload['identity'])
}

function isInteger(target: FactBase, column: Column): boolean {
  const type = target.get({ kind: 'column', ...column })?.payload['type']
  return typeof type === 'string' && ['smallint', 'integer', 'bigint'].includes(type)
}

/** Never moves a sequence back: restored values of the column may already have moved it. */
function setvalSql({ column: { schema, table, name }, sequence }: Numbered): string {
  const qualified = (object: string, of: string) =>
    `${quoteIdentifier(of)}.${quoteIdentifier(object)}`
  const highest = `max(t.${quoteIdentifier(name)})`
  const own = qualified(sequence.name, sequence.schema)
  return `SELECT setval(${quoteLiteral(own)}, greatest(${highest}, max(s.last_value))) FROM ${qualified(table, schema)} t, ${own} s HAVING ${highest} IS NOT NULL`
}
