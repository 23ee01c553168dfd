import { identifierOf, type ObjectName } from '../statements/index.ts'

/** The name of a relation or a type that the server writes, quoted if it must be: `billing.users`, `"Key"`. */
export function nameOfRelation(relation: string): ObjectName {
  const [name = '', schema] = (relation.match(/"(?:[^"]|"")+"|[^.]+/g) ?? [])
    .map((part) => identifierOf(part))
    .toReversed()
  return schema === undefined ? { name } : { schema, name }
}

/** Whether the server's name of a relation is that of a statement. */
export function isNamed(relation: string, { schema, name }: ObjectName): boolean {
  const own = nameOfRelation(relation)
  const isSame = schema === undefined || own.schema === undefined || own.schema === schema
  return own.name === name && isSame
}
