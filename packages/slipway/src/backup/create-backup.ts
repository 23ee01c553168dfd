import { Readable } from 'node:stream'
import type { Address } from '../database/index.ts'
import type { Emit } from '../kernel/index.ts'
import { availableCompression } from './compression.ts'
import { backupsOf } from './dialects.ts'
import type { Dump } from './dump.ts'
import type { Encryption } from './encryption.ts'
import { newestBackup, removeUnfinished } from './list-backups.ts'
import {
  backupId,
  type DumpFormat,
  type Manifest,
  manifestKey,
  type Part,
  sealedText,
} from './manifest.ts'
import { writePart } from './parts.ts'
import { progressOf } from './progress.ts'
import { runAllOrAbort } from './run-all.ts'
import type { Store } from './store.ts'

/** The database to back up, and the options. */
export interface CreateRequest {
  readonly address: Address
  readonly environment: string
  readonly store: Store
  readonly encryption: Encryption | undefined
  /** The default format of the database if absent. */
  readonly format: DumpFormat | undefined
  readonly jobs: number
  readonly globals: boolean
  /** Whether to compute a checksum of each table's rows, so that a restored table can be compared. */
  readonly sums: boolean
  /** Tables whose rows are skipped, as `schema.table` (on SQLite `table`). Those in `asked` must exist. */
  readonly excludedData: {
    readonly asked: readonly string[]
    readonly configured: readonly string[]
  }
  readonly schemas: readonly string[]
  /** The migrations about to be applied, if the backup is made for a deploy. */
  readonly before: readonly string[]
  /** The version of Slipway. */
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/**
 * Creates a backup: dumps the database in one snapshot and streams it to the store. The manifest is stored
 * last, so that an incomplete backup is never listed. If it fails, stored parts are removed. Fails with the
 * codes of `backupFailures` and of the database.
 */
export async function createBackup(request: CreateRequest): Promise<Manifest> {
  const backups = await backupsOf(request.address)
  return await backups.withDump(request, async (dump) => await storing(request, dump))
}

/** Dumps and computes checksums at the same time. Removes stored parts on failure. */
async function storing(request: CreateRequest, dump: Dump): Promise<Manifest> {
  const { store, encryption } = request
  const { facts, format, excludedData } = dump
  const began = performance.now()
  const compression = availableCompression()
  const id = backupId(request.environment, new Date(facts.createdAt))
  // The database is larger than its dump.
  const expected = (await lastDumpBytes(request, format)) ?? facts.databaseBytes
  const parts: Part[] = []
  await store.sweep()
  await removeUnfinished(store, facts.createdAt)
  const end = await store.begin(id)
  try {
    await runAllOrAbort(request.signal, [
      async (signal) => {
        for await (const part of dump.parts(id, signal)) {
          const expectedBytes = part.kind === 'dump' ? expected : undefined
          const onBytes = progressOf(request.emit, part.name, expectedBytes ?? 0)
          const packing = { compression, encryption, env: request.env, signal }
          parts.push(await writePart(store, part, packing, { expectedBytes, onBytes }))
        }
      },
      async (signal) => await dump.sum(signal),
    ])
    dump.check(parts)
    const manifest: Manifest = {
      format: 1,
      id,
      environment: request.environment,
      ...facts,
      slipway: request.version,
      dump: format,
      compression,
      encryption: encryption?.kind ?? 'none',
      schemas: request.schemas,
      before: request.before,
      parts,
      excludedData,
      sums: request.sums ? await dump.sums() : null,
      ms: Math.round(performance.now() - began),
    }
    const text = Readable.from([Buffer.from(sealedText(manifest))])
    await store.write(manifestKey(id), text, { signal: request.signal })
    return manifest
  } catch (error) {
    await store.remove(parts.map(({ key }) => key)).catch(() => {})
    throw error
  } finally {
    await end()
  }
}

/** Estimates the size of the dump by the environment's last backup; undefined if there is none. */
async function lastDumpBytes(
  { store, environment }: CreateRequest,
  format: DumpFormat,
): Promise<number | undefined> {
  const last = await newestBackup(store, environment)
  if (last?.manifest.dump !== format) return undefined
  return last.manifest.parts.find(({ kind }) => kind === 'dump')?.bytes
}
