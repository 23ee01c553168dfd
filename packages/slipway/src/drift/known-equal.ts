import path from 'node:path'
import { locate, type Session } from '../database/index.ts'
import { type History, readChangeToken } from '../history/index.ts'
import { readCached, writeCached, sha256 } from '../kernel/index.ts'
import type { DriftRequest } from './inspect.ts'

/** The version of the comparison; to be increased if it compares something else. */
const METHOD = 1

/**
 * A hash of all that the result of a comparison depends on: the objects of the target, its history with the
 * identity of each row, the migrations of the project, and the settings of shadow databases.
 */
export async function comparisonKey(
  session: Session,
  history: History,
  { migrations, schemas, shadow }: DriftRequest,
): Promise<string> {
  const parts = [
    METHOD,
    await readChangeToken(session),
    session.server.versionNumber,
    session.server.schema,
    history.rows,
    migrations.map(({ name, sql }) => [name, sha256(sql)]),
    schemas ?? [],
    shadow.initScript ?? '',
    shadow.runtimePartitions ?? [],
  ]
  return sha256(JSON.stringify(parts))
}

/** Whether this machine has made the same comparison before and found no difference. */
export function isKnownEqual(request: DriftRequest, key: string): boolean {
  return readCached(fileOf(request), key) !== undefined
}

/** Remembers that a comparison found no difference; only the last one of each target. */
export function rememberEqual(request: DriftRequest, key: string): void {
  writeCached(fileOf(request), key, 'equal')
}

function fileOf({ address, shadow }: DriftRequest): string {
  return path.join(shadow.cacheDir, 'drift', sha256(placeOf(address)).slice(0, 16))
}

function placeOf(address: DriftRequest['address']): string {
  if (address.kind !== 'postgres') return JSON.stringify(address)
  const { host, port, database, schema } = locate(address.url)
  return JSON.stringify([host, port, database, schema])
}
