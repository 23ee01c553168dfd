import type { Row, Session } from '../../database/index.ts'
import { sha256 } from '../../kernel/index.ts'
import {
  loadSqliteParser,
  objectKey,
  type ObjectRef,
  sqliteDefinitionParts,
} from '../../statements/index.ts'
import type { Fingerprint } from '../fingerprint.ts'
import { isProjectsSql, PROJECT_TABLES } from './project-objects.ts'

/** Changes when what is hashed changes: fingerprints of different methods are never compared. */
const METHOD = 'sqlite-tokens/1'

interface ObjectRow extends Row {
  readonly type: 'table' | 'index' | 'view' | 'trigger'
  readonly name: string
  /** The table of an index or a trigger; the object itself for others. */
  readonly table: string
  readonly sql: string
}

/** The fingerprint of a SQLite database: of the words of its definitions, whatever their layout and quotes. */
export async function readSqliteFingerprint(session: Session): Promise<Fingerprint> {
  await loadSqliteParser()
  // An index of a constraint has no text: it is part of its table.
  const rows = await session.query<ObjectRow>(`
    SELECT 'table' AS type, name, name AS "table", sql FROM (${PROJECT_TABLES})
    UNION ALL
    SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema
    WHERE type <> 'table' AND sql IS NOT NULL AND ${isProjectsSql('tbl_name')} AND ${isProjectsSql('name')}`)
  const named = rows.map((row) => {
    const parts = sqliteDefinitionParts(row.sql)
    return [objectKey(referenceOf(row)), sha256(parts.join('\n')).slice(0, 20)] as const
  })
  const objects = Object.fromEntries(named.toSorted(([one], [other]) => (one < other ? -1 : 1)))
  const lines = Object.entries(objects).map(([name, value]) => `${name} ${value}`)
  return { method: METHOD, hash: sha256(lines.join('\n')), objects }
}

function referenceOf({ type, name, table }: ObjectRow): ObjectRef {
  return type === 'trigger'
    ? { kind: type, schema: null, table, name }
    : { kind: type, schema: null, name }
}
