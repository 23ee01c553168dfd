/**
 * The keywords that PostgreSQL's quote_ident quotes: all except the unreserved ones. Source:
 * src/include/parser/kwlist.h, version 18.
 */
const KEYWORDS = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
boolean both case cast char character check coalesce collate collation column concurrently constraint
create cross current_catalog current_date current_role current_schema current_time current_timestamp
current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch
float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int
integer intersect interval into is isnull join json json_array json_arrayagg json_exists json_object
json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like
limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif
numeric offset on only or order out outer overlaps overlay placing position precision primary real references
returning right row select session_user setof similar smallint some substring symmetric system_user table
tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic
verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse
xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
)

/** An identifier as PostgreSQL's quote_ident writes it: in quotes only if it needs them. */
export function identifier(name: string): string {
  if (/^[a-z_][a-z0-9_$]*$/.test(name) && !KEYWORDS.has(name)) return name
  return `"${name.replaceAll('"', '""')}"`
}

/** Identifiers as a list. */
export function identifiers(names: readonly string[]): string {
  return names.map(identifier).join(', ')
}

/** A name as SQL, with a schema if the user wrote one. */
export function qualified({
  schema,
  name,
}: {
  readonly schema?: string
  readonly name: string
}): string {
  return schema === undefined ? identifier(name) : `${identifier(schema)}.${identifier(name)}`
}
