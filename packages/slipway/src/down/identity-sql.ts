import { quoteIdentifier, quoteLiteral } from '../database/index.ts'
import type { Identities, Identity } from '../schema/index.ts'

/** The name of an object in SQL, with its schema and, for a routine, its arguments. */
export function nameSql({ name, of, args }: Identity, all: Identities): string {
  const schema = of === undefined ? undefined : all.get(of)?.name
  const qualifier = schema === undefined ? '' : `${quoteIdentifier(schema)}.`
  return `${qualifier}${quoteIdentifier(name)}${args === undefined ? '' : `(${args})`}`
}

/** The table or type of which an object is a part; undefined if it is not a part. */
export function ownerOf({ of }: Identity, all: Identities): Identity | undefined {
  const whole = of === undefined ? undefined : all.get(of)
  return whole === undefined || whole.kind === 'SCHEMA' ? undefined : whole
}

/** The SQL that renames an object. */
export function renameSqlOf(object: Identity, to: string, all: Identities): string {
  const [old, fresh] = [quoteIdentifier(object.name), quoteIdentifier(to)]
  const whole = ownerOf(object, all)
  if (whole === undefined) return `ALTER ${object.kind} ${nameSql(object, all)} RENAME TO ${fresh}`
  const on = nameSql(whole, all)
  switch (object.kind) {
    case 'COLUMN':
    case 'COMPUTED':
      return `ALTER TABLE ${on} RENAME COLUMN ${old} TO ${fresh}`
    case 'ATTRIBUTE':
      return `ALTER TYPE ${on} RENAME ATTRIBUTE ${old} TO ${fresh} CASCADE`
    case 'VALUE':
      return `ALTER TYPE ${on} RENAME VALUE ${quoteLiteral(object.name)} TO ${quoteLiteral(to)}`
    case 'CONSTRAINT':
      return `ALTER ${whole.kind === 'DOMAIN' ? 'DOMAIN' : 'TABLE'} ${on} RENAME CONSTRAINT ${old} TO ${fresh}`
    default:
      return `ALTER ${object.kind} ${old} ON ${on} RENAME TO ${fresh}`
  }
}

/**
 * The SQL that drops an object on which nothing depends; undefined for an enum value, which cannot be
 * dropped.
 */
export function dropSqlOf(object: Identity, all: Identities): string | undefined {
  const name = quoteIdentifier(object.name)
  const whole = ownerOf(object, all)
  if (whole === undefined) return `DROP ${object.kind} ${nameSql(object, all)}`
  const on = nameSql(whole, all)
  switch (object.kind) {
    case 'COLUMN':
    case 'COMPUTED':
      return `ALTER TABLE ${on} DROP COLUMN ${name}`
    case 'ATTRIBUTE':
      return `ALTER TYPE ${on} DROP ATTRIBUTE ${name} CASCADE`
    case 'VALUE':
      return undefined
    case 'CONSTRAINT':
      return `ALTER ${whole.kind === 'DOMAIN' ? 'DOMAIN' : 'TABLE'} ${on} DROP CONSTRAINT ${name}`
    default:
      return `DROP ${object.kind} ${name} ON ${on}`
  }
}

/**
 * The SQL that moves an object to another schema. A move to the default schema is a DO block, because each
 * database names that schema differently. Without `defaultSchema`, every schema is named.
 */
export function moveSqlOf(
  object: Identity,
  to: string,
  { all, defaultSchema }: { readonly all: Identities; readonly defaultSchema?: string | undefined },
): string {
  const move = `ALTER ${object.kind} ${nameSql(object, all)} SET SCHEMA `
  if (to !== defaultSchema) return move + quoteIdentifier(to)
  const format = `format(${quoteLiteral(`${move.replaceAll('%', '%%')}%I`)}, current_schema())`
  const tag = move.includes('$$') ? '$slipway$' : '$$'
  return `DO ${tag} BEGIN EXECUTE ${format}; END ${tag}`
}
