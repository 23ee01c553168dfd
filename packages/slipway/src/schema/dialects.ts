import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { DatabaseSchema } from './model.ts'
import { readSchema as readPostgresSchema } from './postgres/read-schema.ts'
import { everything, type Scope } from './postgres/scope.ts'
import type { SchemaParts } from './schema-parts.ts'

/** Reads the schema of databases of one dialect. */
interface SchemaReader {
  readSchema(session: Session, parts: SchemaParts): Promise<DatabaseSchema>
  readFingerprint(session: Session, scope: Scope): Promise<Fingerprint>
}

const READERS: ByDialect<() => Promise<SchemaReader>> = {
  postgres: async () => ({
    readSchema: readPostgresSchema,
    // A fingerprint needs the differ, which is half of all code that a deploy loads.
    readFingerprint: async (session, scope) =>
      await (await import('./postgres/read-fingerprint.ts')).readFingerprint(session, scope),
  }),
  async sqlite() {
    const [{ readSqliteSchema }, { readSqliteFingerprint }] = await Promise.all([
      import('./sqlite/read-schema.ts'),
      import('./sqlite/fingerprint.ts'),
    ])
    return { readSchema: readSqliteSchema, readFingerprint: readSqliteFingerprint }
  },
}

/**
 * Reads the schema of a database: the tables of all user schemas, except Slipway's own. No rows are read.
 * Schemas are references: the default schema of the session is `null`.
 */
export async function readSchema(session: Session, parts: SchemaParts): Promise<DatabaseSchema> {
  const reader = await READERS[dialectOf(session)]()
  return await reader.readSchema(session, parts)
}

/** Reads the fingerprint of a database, for callers that need nothing else of its schema. */
export async function readFingerprint(
  session: Session,
  scope: Scope = everything,
): Promise<Fingerprint> {
  const reader = await READERS[dialectOf(session)]()
  return await reader.readFingerprint(session, scope)
}
