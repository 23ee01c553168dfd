import { quoteIdentifier, type Session } from '../../database/index.ts'
import { type ObjectRef, objectName, partRef, schemaRef } from '../../statements/index.ts'

/** The server's name of an object in a schema. */
export interface ServerName {
  readonly schema: string
  readonly name: string
}

type SchemaKind = 'table' | 'index' | 'sequence'

/** Returns functions that make references and names for objects in the session's database. */
export function namesOf({ server }: Pick<Session, 'server'>) {
  const inSchema = (schema: string) => schemaRef(schema, server.schema)
  return {
    ref: (kind: SchemaKind, { schema, name }: ServerName): ObjectRef => ({
      kind,
      schema: inSchema(schema),
      name,
    }),
    constraintRef: ({ schema, name }: ServerName, constraint: string): ObjectRef =>
      partRef('constraint', { schema: inSchema(schema), name }, constraint),
    /** For display: `billing.Invoice`. */
    text: ({ schema, name }: ServerName): string =>
      objectName({ kind: 'table', schema: inSchema(schema), name }),
    /** As SQL: `"billing"."Invoice"`; without the default schema. */
    sql: ({ schema, name }: ServerName): string =>
      [inSchema(schema), name]
        .filter((part) => part !== null)
        .map(quoteIdentifier)
        .join('.'),
  }
}

/** A count for display: `12,000 rows`. */
export function countText(count: number, noun: string): string {
  return `${Math.round(count).toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** Bytes for display: `641.0 MB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}

/** A ratio for display: `97.2 %`. */
export function percentText(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
}

/** A server timestamp in seconds since 1970, in ISO format. */
export function momentText(epoch: number | null): string | null {
  return epoch === null ? null : new Date(epoch * 1000).toISOString()
}
