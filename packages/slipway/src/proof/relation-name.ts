import { identifierOf, type ObjectName } from '../statements/index.ts'

/**
 * Parses the name of a relation or type as the server writes it, quoted if necessary: `billing.users`,
 * `"Key"`.
 */
export function nameOfRelation(relation: string): ObjectName {
  const [name = '', schema] = (relation.match(/"(?:[^"]|"")+"|[^.]+/g) ?? [])
    .map((part) => identifierOf(part))
    .toReversed()
  return schema === undefined ? { name } : { schema, name }
}

/** Whether the server's name of a relation matches the name in a statement. */
export function isNamed(relation: string, { schema, name }: ObjectName): boolean {
  const own = nameOfRelation(relation)
  const isSame = schema === undefined || own.schema === undefined || own.schema === schema
  return own.name === name && isSame
}
