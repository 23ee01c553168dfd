import type { StableId } from '@supabase/pg-delta'
import { type ObjectRef, schemaRef } from '../../statements/index.ts'

const KINDS = {
  table: 'table',
  view: 'view',
  materializedView: 'materialized-view',
  foreignTable: 'foreign-table',
  sequence: 'sequence',
  index: 'index',
  collation: 'collation',
  domain: 'domain',
  type: 'type',
} as const

/** The reference to the object of a fact, in a database with this default schema. */
export function referenceTo(id: StableId, defaultSchema: string): ObjectRef {
  const at = (schema: string) => schemaRef(schema, defaultSchema)
  switch (id.kind) {
    case 'table':
    case 'view':
    case 'materializedView':
    case 'foreignTable':
    case 'sequence':
    case 'index':
    case 'collation':
    case 'domain':
    case 'type':
      return { kind: KINDS[id.kind], schema: at(id.schema), name: id.name }
    case 'column':
    case 'constraint':
    case 'trigger':
    case 'rule':
    case 'policy':
    case 'default':
      return { kind: id.kind, schema: at(id.schema), table: id.table, name: id.name }
    case 'typeAttribute':
      return { kind: 'attribute', schema: at(id.schema), table: id.type, name: id.name }
    case 'function':
    case 'procedure':
    case 'aggregate':
      return { kind: id.kind, schema: at(id.schema), name: id.name, arguments: id.args }
    case 'comment':
      return { kind: 'comment', on: referenceTo(id.target, defaultSchema) }
    case 'acl':
      return { kind: 'privileges', on: referenceTo(id.target, defaultSchema) }
    case 'schema':
    case 'extension':
    case 'role':
    case 'publication':
      return { kind: id.kind, name: id.name }
    case 'eventTrigger':
      return { kind: 'event-trigger', name: id.name }
    default: {
      const name = 'name' in id && typeof id.name === 'string' ? id.name : id.kind
      return { kind: 'other', schema: null, name }
    }
  }
}
