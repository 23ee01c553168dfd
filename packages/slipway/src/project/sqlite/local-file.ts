import { createHash, createHmac } from 'node:crypto'
import path from 'node:path'
import type { D1Binding } from '../wrangler-config.ts'

/**
 * The class of the objects in which wrangler keeps its local D1 databases, and the folder of their files.
 */
const OBJECTS = 'miniflare-D1DatabaseObject'

/**
 * The file of a local D1 database in the folder of wrangler's state. wrangler keeps each database in a
 * Durable Object that has its id as its name, and workerd names the file after the id of that object.
 * Source: miniflare, plugins/d1; workerd, server/actor-id-impl.
 */
export function localD1File(
  stateFolder: string,
  { binding, databaseId, previewDatabaseId }: D1Binding,
): string {
  const name = objectId(previewDatabaseId ?? databaseId ?? binding)
  return path.join(stateFolder, 'v3', 'd1', OBJECTS, `${name}.sqlite`)
}

/**
 * The id of an object: the first half is a hash of the name, the second proves that it belongs to this
 * class.
 */
function objectId(name: string): string {
  const key = createHash('sha256').update(OBJECTS).digest()
  const hash = (text: string | Buffer) =>
    createHmac('sha256', key).update(text).digest().subarray(0, 16)
  const first = hash(name)
  return Buffer.concat([first, hash(first)]).toString('hex')
}
