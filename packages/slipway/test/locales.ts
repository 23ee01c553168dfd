import { cpSync, existsSync, mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Cluster, startCluster } from './cluster.ts'

/** Languages of server messages: those that the canary and matrix tests read. */
export type Language = 'de_DE' | 'ja_JP'

/** Where Debian keeps the catalogs of messages of its servers. */
const CATALOGS = '/usr/share/locale'
/** Part of glibc: all that a locale needs beside its name, by which the catalog of messages is found. */
const TEMPLATE = '/usr/lib/locale/C.utf8'

/**
 * Starts a server that can speak these languages, without a package of locales: a locale of this name is a copy of C.UTF-8, and
 * its messages come with the server. Undefined where this machine has no such catalog.
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
