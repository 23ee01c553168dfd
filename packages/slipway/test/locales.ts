import { cpSync, existsSync, mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Cluster, startCluster } from './cluster.ts'

/** Languages of server messages in the canary and matrix tests. */
export type Language = 'de_DE' | 'ja_JP'

/** Where Debian keeps the message catalogs of its servers. */
const CATALOGS = '/usr/share/locale'
/** Part of glibc: everything that a locale needs except its name, which selects the message catalog. */
const TEMPLATE = '/usr/lib/locale/C.utf8'

/**
 * Starts a server whose messages can be in these languages, without installed locales: each locale is a copy
 * of C.UTF-8 under another name, and the messages come with the server. Undefined if this machine has no such
 * catalog.
 */
export async function startPolyglot(
  languages: readonly Language[] = ['de_DE', 'ja_JP'],
): Promise<Cluster | undefined> {
  const folder = path.join(os.tmpdir(), 'locales')
  mkdirSync(folder, { recursive: true })
  if (!existsSync(TEMPLATE)) return undefined
  for (const name of languages) {
    const target = path.join(folder, `${name}.utf8`)
    if (!existsSync(target)) cpSync(TEMPLATE, target, { recursive: true, dereference: true })
  }
  const cluster = await startCluster({ env: { LOCPATH: folder } })
  const spoken = languages.every((name) =>
    existsSync(
      path.join(CATALOGS, name.slice(0, 2), 'LC_MESSAGES', `postgres-${cluster.version}.mo`),
    ),
  )
  if (spoken) return cluster
  await cluster.stop()
  return undefined
}
