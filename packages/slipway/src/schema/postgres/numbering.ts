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
export function numberingBehindRows(source: FactBase, target: FactBase): string[] {
  return numberedColumns(target)
    .filter(
      (one) =>
        getsSequence(source, one) && isInteger(target, one.column) && !source.has(one.sequence),
    )
    .map(goOnSql)
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

/** Whether a column exists already, and the script gives it a sequence: a serial, or an identity that it was not. */
function getsSequence(source: FactBase, { column, serial }: Numbered): boolean {
  const fact = source.get({ kind: 'column', ...column })
  return fact !== undefined && (serial || !fact.payload['identity'])
}

function isInteger(target: FactBase, column: Column): boolean {
  const type = target.get({ kind: 'column', ...column })?.payload['type']
  return typeof type === 'string' && ['smallint', 'integer', 'bigint'].includes(type)
}

/** Never back: what was kept of the column may have set the sequence already. */
function goOnSql({ column: { schema, table, name }, sequence }: Numbered): string {
  const qualified = (object: string, of: string) =>
    `${quoteIdentifier(of)}.${quoteIdentifier(object)}`
  const highest = `max(t.${quoteIdentifier(name)})`
  const own = qualified(sequence.name, sequence.schema)
  return `SELECT setval(${quoteLiteral(own)}, greatest(${highest}, max(s.last_value))) FROM ${qualified(table, schema)} t, ${own} s HAVING ${highest} IS NOT NULL`
}
