import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { EmbeddedImage } from '../../database/index.ts'

const KEEP = 12
const SUFFIX = '.image'

/**
 * Images of shadow databases by key, in a folder; the least recently used are pruned. It is only a cache: if the folder
 * cannot be written or an image cannot be read, that only costs time.
 */
export interface ImageCache {
  has(key: string): boolean
  load(key: string): EmbeddedImage | undefined
  store(key: string, image: EmbeddedImage): void
}

export function createImageCache(folder: string): ImageCache {
  const fileOf = (key: string) => join(folder, `${key}${SUFFIX}`)
  const names = new Set(listImages(folder))
  return {
    has: (key) => names.has(`${key}${SUFFIX}`),
    load(key) {
      try {
        const packed = readFileSync(fileOf(key))
        const now = new Date()
        utimesSync(fileOf(key), now, now)
        const { buffer, byteOffset, byteLength } = zstdDecompressSync(packed)
        return new Uint8Array(buffer, byteOffset, byteLength)
      } catch {
        // A damaged image is stored again.
        names.delete(`${key}${SUFFIX}`)
        return undefined
      }
    },
    store(key, image) {
      try {
        mkdirSync(folder, { recursive: true })
        // Written to a temporary file and renamed, so that another process never sees half an image.
        const unfinished = `${fileOf(key)}.${process.pid}`
        writeFileSync(unfinished, zstdCompressSync(image))
        renameSync(unfinished, fileOf(key))
        names.add(`${key}${SUFFIX}`)
        prune(folder)
      } catch {
        // A read-only checkout has no cache.
      }
    },
  }
}

function listImages(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(SUFFIX))
  } catch {
    return []
  }
}

function prune(folder: string): void {
  const files = listImages(folder).map((name) => ({
    name,
    used: statSync(join(folder, name)).mtimeMs,
  }))
  for (const { name } of files.toSorted((a, b) => b.used - a.used).slice(KEEP))
    rmSync(join(folder, name), { force: true })
}
