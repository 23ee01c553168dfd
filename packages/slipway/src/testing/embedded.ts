import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fillDatabase } from '../app/index.ts'
import { type EmbeddedServer, serveEmbedded } from '../database/index.ts'
import { extensionsIn } from '../statements/index.ts'
import { keyOf, type TestProject } from './test-project.ts'

/** A template in a folder, for machines that have only the embedded PostgreSQL. */
export interface EmbeddedTemplate {
  readonly folder: string
  readonly extensions: readonly string[]
}

/** Creates the template once, in the cache of the project. It appears only when it is complete. */
export async function ensureEmbeddedTemplate(from: TestProject): Promise<EmbeddedTemplate> {
  const { project, migrations } = from
  const cache = path.join(project.root, '.slipway', 'cache')
  const folder = path.join(cache, `seeded-${keyOf(from)}`)
  const extensions = await extensionsIn(migrations.map(({ sql }) => sql))
  if (existsSync(folder)) return { folder, extensions }
  await mkdir(cache, { recursive: true })
  const unfinished = `${folder}.${randomBytes(4).toString('hex')}`
  try {
    const address = { kind: 'embedded', dataDir: unfinished, extensions } as const
    await fillDatabase(from, address)
    // Another process may have been faster: its template is equal.
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return { folder, extensions }
}

/** Copies the template into its own folder, and serves the copy until it is dropped. */
export async function cloneEmbedded({ folder, extensions }: EmbeddedTemplate): Promise<{
  readonly server: EmbeddedServer
  drop(): Promise<void>
}> {
  const own = await mkdtemp(path.join(os.tmpdir(), 'slipway-clone-'))
  const dataDir = path.join(own, 'database')
  await cp(folder, dataDir, { recursive: true })
  const server = await serveEmbedded({ dataDir, extensions })
  const drop = async () => {
    await server.stop()
    await rm(own, { recursive: true, force: true })
  }
  return { server, drop }
}
