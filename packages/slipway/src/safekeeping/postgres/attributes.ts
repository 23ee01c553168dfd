import { inLedger, quoteLiteral, type Session } from '../../database/index.ts'
import { readAttributesSql } from './read-attributes.ts'

/** A property of an object besides its definition: a storage, a statistics target, privileges, a comment, … */
export interface Attribute {
  /** The object, as SQL names it: `TABLE app.orders`. */
  readonly object: string
  /** The relation that it is, or is part of, as SQL names it. Absent for other objects. */
  readonly relation?: string
  /** A column, as SQL names it, where the attribute is one of a column's that is not in `value`. */
  readonly part?: string
  /** `storage`, `privileges`, … */
  readonly name: string
  /** A command that makes it so; of an owner, a comment or privileges just that. */
  readonly value: string
}

/** The command that gives it to the object; none for owners and privileges, which are those of each database. */
export function commandOf({ object, name, value }: Attribute): string | undefined {
  if (name === 'owner' || name === 'privileges') return undefined
  return name === 'comment' ? `COMMENT ON ${object} IS ${quoteLiteral(value)}` : value
}

/**
 * Of objects that a catalog does not model, those that are not read as attributes: extended statistics are attributes of a
 * table. A text is a kind with the names of its objects.
 */
export function withoutAttributes(unmodelled: readonly string[]): string[] {
  return unmodelled.filter((objects) => !objects.startsWith('statistics object '))
}

/** Those of `some` that `others` do not have. */
export function attributesWithout(
  some: readonly Attribute[],
  others: readonly Attribute[],
): Attribute[] {
  const keys = new Set(others.map((one) => JSON.stringify(one)))
  return some.filter((one) => !keys.has(JSON.stringify(one)))
}

/** `storage of TABLE app.orders`, each once. */
export function attributeTexts(attributes: readonly Attribute[]): string[] {
  return [...new Set(attributes.map(({ name, object }) => `${name} of ${object}`))]
}

/**
 * Reads the properties of the objects of a database besides their definitions, except the positions of sequences and whether views
 * are filled. Of objects that this role may change. The functions that read it are made and rolled back: nothing is left.
 */
export async function readAttributes(session: Session): Promise<Attribute[]> {
  const functions = readAttributesSql(session.server.versionNumber)
  await session.execute(
    inLedger(session, `BEGIN;\nCREATE SCHEMA IF NOT EXISTS slipway;\n${functions}`),
  )
  try {
    const { rows } = await session.queryRaw(inLedger(session, READ_SQL))
    return rows.map(([object, relation, part, name, value]) => ({
      object: object ?? '',
      ...(relation === null || relation === undefined ? {} : { relation }),
      ...(part === null || part === undefined ? {} : { part }),
      name: name ?? '',
      value: value ?? '',
    }))
  } finally {
    await session.execute('ROLLBACK')
  }
}

/** All options of a relation together are in it a second time, for their order. Comments come after the objects that they describe. */
const READ_SQL = `
  SELECT a.object, r.object, a.part, a.name, a.value FROM slipway.attributes() AS a
  LEFT JOIN slipway.own_relations() AS r ON r.oid = a.relation
  WHERE a.name NOT IN ('position', 'content', 'options') AND a.value <> 'null' ORDER BY a.name = 'comment', 1, 3, 4, 5`
