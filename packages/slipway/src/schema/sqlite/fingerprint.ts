import type { Session } from '../../database/index.ts'
import { sha256 } from '../../kernel/index.ts'
import { loadSqliteParser, sqliteDefinitionParts } from '../../statements/index.ts'
import type { Fingerprint } from '../fingerprint.ts'
import { keyTo, readObjects, type SqliteObject } from './objects.ts'

/** Changes when what is hashed changes: fingerprints of different methods are never compared. */
const METHOD = 'sqlite-tokens/2'

/** The fingerprint of a SQLite database: of the words of its definitions, whatever their layout and quotes. */
export async function readSqliteFingerprint(session: Session): Promise<Fingerprint> {
  await loadSqliteParser()
  return fingerprintOf(await readObjects(session))
}

/** The fingerprint of a database with these objects. Needs `loadSqliteParser` first. */
export function fingerprintOf(all: readonly SqliteObject[]): Fingerprint {
  const named = all.map((one) => [keyTo(one), definitionHash(one)] as const)
  const objects = Object.fromEntries(named.toSorted(([one], [other]) => (one < other ? -1 : 1)))
  const lines = Object.entries(objects).map(([name, value]) => `${name} ${value}`)
  return { method: METHOD, hash: sha256(lines.join('\n')), objects }
}

/** Equal for equal definitions, whatever their layout and quotes. Needs `loadSqliteParser` first. */
export function definitionHash({ sql }: Pick<SqliteObject, 'sql'>): string {
  return sha256(sqliteDefinitionParts(sql).join('\n')).slice(0, 20)
}
