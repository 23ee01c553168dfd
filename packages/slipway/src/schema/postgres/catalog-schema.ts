import {
  type Column,
  type Constraint,
  type DatabaseSchema,
  emptySchema,
  keyOf,
  type QualifiedName,
  referenceOf,
} from '../model.ts'
import type { Catalog } from './catalog.ts'
import { textOf } from './fact-base.ts'

const CONSTRAINTS: Readonly<Record<string, Constraint['kind']>> = {
  p: 'primary-key',
  u: 'unique',
  f: 'foreign-key',
  x: 'exclusion',
  n: 'not-null',
}

/**
 * The schema of a catalog, for callers that only need names: tables with the types of their columns in order,
 * and enums. Indexes and constraints have only their names and tables. Pure.
 */
export function schemaOf({ facts, columnOrder, defaultSchema }: Catalog): DatabaseSchema {
  const empty = emptySchema(defaultSchema)
  let nextId = empty.nextId
  const names: QualifiedName[] = []
  const types = new Map<string, string>()
  const constraints: [string, Constraint][] = []
  const [indexes, enums, domains, others] = [
    new Map(empty.indexes),
    new Map(empty.enums),
    new Map(empty.domains),
    new Map(empty.others),
  ]
  const columnKey = (schema: string, ...parts: string[]) => JSON.stringify([schema, ...parts])
  for (const { id, parent, payload } of facts.facts()) {
    if (!('schema' in id) || !('name' in id)) continue
    const name = referenceOf(empty, id)
    const key = keyOf(empty, name)
    const ofTable = (table: string) => ({
      ...name,
      table: { schema: name.schema, name: table },
      columns: [],
      unique: false,
      partial: false,
    })
    switch (id.kind) {
      case 'table':
        names.push(name)
        break
      case 'column':
        types.set(columnKey(id.schema, id.table, id.name), textOf(payload['type']))
        break
      case 'type':
        if (Array.isArray(payload['values']))
          enums.set(key, { ...name, labels: payload['values'].map(String) })
        else others.set(key, name)
        break
      case 'index':
        indexes.set(key, ofTable(parent && 'name' in parent ? parent.name : ''))
        break
      case 'constraint': {
        const kind = CONSTRAINTS[textOf(payload['type'])] ?? 'check'
        constraints.push([
          keyOf(empty, { schema: id.schema, name: id.table }),
          { kind, name: id.name, columns: [], valid: payload['validated'] === true },
        ])
        if (kind === 'primary-key' || kind === 'unique' || kind === 'exclusion')
          indexes.set(key, ofTable(id.table))
        break
      }
      case 'domain':
        domains.set(key, name)
        break
      case 'view':
      case 'materializedView':
      case 'sequence':
      case 'foreignTable':
        others.set(key, name)
        break
      default:
    }
  }
  const byTable = Map.groupBy(constraints, ([key]) => key)
  const tables = names.map((name) => {
    const schema = name.schema ?? defaultSchema
    const columns = (columnOrder.get(`${schema}.${name.name}`) ?? []).map(
      (column): [string, Column] => {
        const type = types.get(columnKey(schema, name.name, column)) ?? ''
        return [column, { id: nextId++, type, notNull: false }]
      },
    )
    const key = keyOf(empty, name)
    const own = (byTable.get(key) ?? []).map(([, constraint]) => constraint)
    const table = {
      ...name,
      id: nextId++,
      triggers: [],
      columns: new Map(columns),
      constraints: own,
    }
    return [key, table] as const
  })
  return { ...empty, tables: new Map(tables), indexes, enums, domains, others, nextId }
}
