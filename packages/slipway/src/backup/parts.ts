import { createHash } from 'node:crypto'
import { PassThrough, type Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { bytesOf, type ByteSource } from './byte-source.ts'
import { type Compression, compressed, decompressing, endingOf } from './compression.ts'
import { decrypted, encrypted, type Encryption, type Keys } from './encryption.ts'
import { raise } from './failures.ts'
import type { Manifest, Part } from './manifest.ts'
import { runAllOrAbort } from './run-all.ts'
import type { Store } from './store.ts'

/** The options for writing the parts of a backup. */
export interface Packing {
  readonly compression: Compression
  readonly encryption: Encryption | undefined
  /** The environment variables, for the search path of programs. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** The extension of a part's key: `.zst.age`. */
function packedEnding({ compression, encryption }: Packing): string {
  return `.${endingOf(compression)}${encryption ? '.age' : ''}`
}

/** Counts and hashes the bytes of a stream. */
class Meter extends Transform {
  bytes = 0
  readonly #hash = createHash('sha256')
  readonly #onBytes: ((bytes: number) => void) | undefined

  constructor(onBytes?: (bytes: number) => void) {
    super({ highWaterMark: 1 << 20 })
    this.#onBytes = onBytes
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: null, chunk: Buffer) => void,
  ) {
    this.bytes += chunk.length
    this.#hash.update(chunk)
    this.#onBytes?.(this.bytes)
    done(null, chunk)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** The source of one part. */
export interface PartSource extends Pick<Part, 'kind' | 'file'> {
  /** Its key without the extension. */
  readonly name: string
  /** Starts the source, which stops on the signal. */
  readonly start: (signal: AbortSignal) => ByteSource
}

/** The progress of a part. */
export interface PartProgress {
  readonly expectedBytes: number | undefined
  readonly onBytes: (bytes: number) => void
}

/** Compresses and encrypts a source, and streams it to the store: no unencrypted data is written to disk. */
export async function writePart(
  store: Store,
  { name, kind, file, start }: PartSource,
  packing: Packing,
  { expectedBytes, onBytes }: PartProgress,
): Promise<Part> {
  const { compression, encryption, env } = packing
  const key = name + packedEnding(packing)
  const meter = new Meter(onBytes)
  const stored = new PassThrough({ highWaterMark: 1 << 20 })
  // It may be destroyed before the store reads it; its error is thrown below.
  stored.on('error', () => {})
  await runAllOrAbort(packing.signal, [
    async (signal) => {
      try {
        const how = { env, signal, refuse: refusePacking }
        const plain = compressed(start(signal), { compression, ...how })
        const flow = encryption ? await encrypted(plain, { encryption, ...how }) : plain
        await pipeline(bytesOf(flow), meter, stored, { signal })
      } catch (error) {
        stored.destroy(error as Error)
        throw error
      }
    },
    // Stops when its input ends instead of on the shared signal, so that its own failure is not lost.
    async () => {
      await store.write(key, stored, { signal: packing.signal, expectedBytes })
    },
  ])
  return {
    key,
    kind,
    ...(file === undefined ? {} : { file }),
    bytes: meter.bytes,
    sha256: meter.digest(),
  }
}

function refusePacking(why: string): never {
  return raise('BACKUP.DUMP_FAILED', { message: 'A program that packs the backup failed.', why })
}

/** Reads a whole part and compares it with the manifest. Fails with BACKUP.DAMAGED. */
export async function checkPart(store: Store, part: Part, signal: AbortSignal): Promise<void> {
  const meter = new Meter()
  const body = await store.read(part.key)
  // The bytes are only counted and hashed.
  await pipeline(body, meter, new Writable({ write: (_chunk, _encoding, done) => done() }), {
    signal,
  })
  if (meter.bytes === part.bytes && meter.digest() === part.sha256) return
  raise('BACKUP.DAMAGED', {
    message: `${part.key} differs from what was written.`,
    why:
      meter.bytes === part.bytes
        ? 'Its checksum does not match.'
        : `It is ${meter.bytes} bytes long instead of ${part.bytes}.`,
  })
}

/**
 * Decrypts and decompresses a part. Fails with BACKUP.KEY_NEEDED or BACKUP.KEY_WRONG before the first byte.
 */
export async function openPart(
  store: Store,
  { compression, encryption }: Pick<Manifest, 'compression' | 'encryption'>,
  part: Part,
  keys: Keys,
): Promise<Readable> {
  const body = await store.read(part.key)
  const packed = encryption === 'none' ? body : await decrypted(body, keys)
  const plain = decompressing(compression)
  pipeline(packed, plain).catch((error: unknown) => plain.destroy(error as Error))
  return plain
}
