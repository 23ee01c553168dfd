import { inLedger, quoteLiteral, type Session } from '../../database/index.ts'
import { readAttributesSql } from './read-attributes.ts'

/** A property of an object besides its definition: a storage, a statistics target, privileges, a comment, … */
export interface Attribute {
  /** The object, as SQL names it: `TABLE app.orders`. */
  readonly object: string
  /** The relation that it is, or is part of, as SQL names it. Absent for other objects. */
  readonly relation?: string
  /** The column, as SQL names it, of a column's attribute whose `value` does not name the column. */
  readonly part?: string
  /** `storage`, `privileges`, … */
  readonly name: string
  /** The SQL command that sets it; for an owner, a comment or privileges, only the value. */
  readonly value: string
}

/** The command that sets it; undefined for owners and privileges, which differ between databases. */
export function commandOf({ object, name, value }: Attribute): string | undefined {
  if (name === 'owner' || name === 'privileges') return undefined
  return name === 'comment' ? `COMMENT ON ${object} IS ${quoteLiteral(value)}` : value
}

/**
 * The unmodelled objects that are not read as attributes; extended statistics are, as attributes of a
 * table. Each text is a kind with the names of its objects.
 */
export function withoutAttributes(unmodelled: readonly string[]): string[] {
  return unmodelled.filter((objects) => !objects.startsWith('statistics object '))
}

/** The attributes in `some` that are not in `others`. */
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
 * Reads the properties of the objects of a database besides their definitions, except the positions of
 * sequences and whether materialized views are filled. Only objects that this role may change are read.
 * The functions for this are created and rolled back, so nothing is left.
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

/**
 * `slipway.attributes()` also returns all options of a relation as one row, for their order; it is
 * skipped. So are the privileges of the schema `public` if they are those of a new database, which depend on
 * the version of the server. Comments are sorted after the objects that they describe.
 */
const READ_SQL = `
  SELECT a.object, r.object, a.part, a.name, a.value FROM slipway.attributes() AS a
  LEFT JOIN slipway.own_relations() AS r ON r.oid = a.relation
  WHERE a.name NOT IN ('position', 'content', 'options') AND a.value <> 'null'
    AND NOT EXISTS (SELECT FROM pg_init_privs i WHERE (a.object, a.name, a.value) = ('SCHEMA public', 'privileges', slipway.grants_in(i.initprivs))
      AND i.classoid = 'pg_namespace'::regclass AND i.objoid = to_regnamespace('public'))
  ORDER BY a.name = 'comment', 1, 3, 4, 5`
