/**
 * The schema of an object. `null` is the default schema of the target, whatever its name is there
 * (`?schema=`); a name without a schema in a migration refers to it.
 */
export type SchemaRef = string | null

/**
 * An object of a schema, by kind and name. Plain data: only renderers turn it into text.
 *
 * @title a reference to an object
 */
export type ObjectRef =
  /** Objects of the database as a whole, and schemas. */
  | {
      readonly kind: 'schema' | 'extension' | 'role' | 'database' | 'publication' | 'event-trigger'
      readonly name: string
    }
  | {
      readonly kind:
        | 'table'
        | 'foreign-table'
        | 'view'
        | 'materialized-view'
        | 'sequence'
        | 'type'
        | 'domain'
        | 'index'
        | 'collation'
        | 'other'
      readonly schema: SchemaRef
      readonly name: string
    }
  /** Functions with the same name differ by the types of their arguments. */
  | {
      readonly kind: 'function' | 'procedure' | 'aggregate'
      readonly schema: SchemaRef
      readonly name: string
      readonly arguments: readonly string[]
    }
  /** A part of a table. For an `attribute`, `table` is the name of its composite type. */
  | {
      readonly kind:
        | 'column'
        | 'constraint'
        | 'default'
        | 'trigger'
        | 'policy'
        | 'rule'
        | 'attribute'
      readonly schema: SchemaRef
      readonly table: string
      readonly name: string
    }
  /** The comment on an object, or its privileges. */
  | { readonly kind: 'comment' | 'privileges'; readonly on: ObjectRef }

/** A reference to a table. */
export interface TableRef {
  readonly kind: 'table'
  readonly schema: SchemaRef
  readonly name: string
}

/** The reference to the table with this name. */
export function tableRef(
  { defaultSchema }: { readonly defaultSchema: string },
  { schema, name }: { readonly schema?: SchemaRef | undefined; readonly name: string },
): TableRef {
  return { kind: 'table', schema: schemaRef(schema, defaultSchema), name }
}

/** The reference to a part of a table: a column, a constraint, a trigger. */
export function partRef(
  kind: Extract<ObjectRef, { table: string }>['kind'],
  { schema, name: table }: Omit<TableRef, 'kind'>,
  name: string,
): ObjectRef {
  return { kind, schema, table, name }
}

/** Data that is destroyed: an object with all that it holds, rows of a table, or values of a column. */
export interface Destruction {
  /** `object`: dropped. `rows`: deleted or truncated. `values`: overwritten or converted. */
  readonly what: 'object' | 'rows' | 'values'
  readonly object: ObjectRef
}

/** The reference to a schema, given its name in a database with this default schema. */
export function schemaRef(schema: SchemaRef | undefined, defaultSchema: string): SchemaRef {
  return schema === undefined || schema === defaultSchema ? null : schema
}

/** A reference as people read it: `column User.email`, `table billing.invoice`. For output only. */
export function objectText(ref: ObjectRef): string {
  if ('on' in ref) return `${ref.kind} on ${objectText(ref.on)}`
  return `${ref.kind.replaceAll('-', ' ')} ${objectName(ref)}`
}

/** An object without its kind: `User.email`. For output only. */
export function objectName(ref: ObjectRef): string {
  if ('on' in ref) return objectName(ref.on)
  if (!('schema' in ref)) return ref.name
  const path = [ref.schema, 'table' in ref ? ref.table : null, ref.name]
  const name = path.filter((part) => part !== null).join('.')
  return 'arguments' in ref ? `${name}(${ref.arguments.join(', ')})` : name
}

/** Destroyed data as people read it: `column User.email`, `rows of User`. For output only. */
export function destructionText({ what, object }: Destruction): string {
  if (what === 'rows') return `rows of ${objectName(object)}`
  if (what === 'values' && object.kind === 'type')
    return `columns of the type ${objectName(object)}`
  if (what === 'values' && object.kind === 'table') return `values of ${objectName(object)}`
  if (what === 'values' && object.kind === 'sequence') return `position of ${objectName(object)}`
  return object.kind === 'role' ? 'all that a role owns' : objectText(object)
}

/** The table that an object is part of, or the object that a comment is on; otherwise the object itself. */
export function ownerOf(ref: ObjectRef): ObjectRef {
  if ('on' in ref) return ownerOf(ref.on)
  return 'table' in ref ? { kind: 'table', schema: ref.schema, name: ref.table } : ref
}

/** A key that is equal for references to the same object. `objectOfKey` reads it. */
export function objectKey(ref: ObjectRef): string {
  return JSON.stringify(inOrder(ref))
}

/** Whether two references name the same object. True if both are absent. */
export function isSameObject(one: ObjectRef | undefined, other: ObjectRef | undefined): boolean {
  return one && other ? objectKey(one) === objectKey(other) : one === other
}

/** The reference that a key was made from. */
export function objectOfKey(key: string): ObjectRef {
  return JSON.parse(key) as ObjectRef
}

function inOrder(ref: ObjectRef): ObjectRef {
  if ('on' in ref) return { kind: ref.kind, on: inOrder(ref.on) }
  if ('table' in ref) {
    const { kind, schema, table, name } = ref
    return { kind, schema, table, name }
  }
  if ('arguments' in ref) {
    const { kind, schema, name, arguments: types } = ref
    return { kind, schema, name, arguments: types }
  }
  if (!('schema' in ref)) return { kind: ref.kind, name: ref.name }
  const { kind, schema, name } = ref
  return { kind, schema, name }
}

/** A key that is equal if the same data is lost, whether its column is dropped or its values are overwritten. */
export function destructionKey({ what, object }: Destruction): string {
  return `${what === 'rows' ? 'rows ' : ''}${objectKey(object)}`
}

/** Each piece of data once, sorted by name. */
export function distinctDestructions(all: readonly Destruction[]): Destruction[] {
  const dropsFirst = all.toSorted(
    (a, b) => Number(b.what === 'object') - Number(a.what === 'object'),
  )
  const found = new Map<string, { readonly name: string; readonly one: Destruction }>()
  for (const one of dropsFirst) {
    const key = destructionKey(one)
    if (!found.has(key)) found.set(key, { name: destructionText(one), one })
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ one }) => one)
}
