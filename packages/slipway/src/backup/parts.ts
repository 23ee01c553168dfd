import { createHash } from 'node:crypto'
import { PassThrough, type Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Compression, compressed, decompressing, endingOf } from './compression.ts'
import { decrypted, encrypted, type Encryption, type Keys } from './encryption.ts'
import { raise } from './failures.ts'
import { bytesOf, type Flow } from './flow.ts'
import type { Manifest, Part } from './manifest.ts'
import type { Store } from './store.ts'
import { together } from './together.ts'

/** How the parts of a backup are written. */
export interface Packing {
  readonly compression: Compression
  readonly encryption: Encryption | undefined
  /** Where programs are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** The ending of a part's key: `.zst.age`. */
function packedEnding({ compression, encryption }: Packing): string {
  return `.${endingOf(compression)}${encryption ? '.age' : ''}`
}

/** Counts the bytes of a stream, and hashes them. */
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

/** What is written as one part. */
export interface PartSource extends Pick<Part, 'kind' | 'file'> {
  /** Without the ending that its packing adds. */
  readonly name: string
  /** Starts it; it ends with the signal. */
  readonly start: (signal: AbortSignal) => Flow
}

/** How far a part is. */
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
  // It can end before the store reads it. What it ends with is thrown below.
  stored.on('error', () => {})
  await together(packing.signal, [
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
    // It ends with what it reads, so that its own failure is not lost in the end of the others.
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

/** Reads all of a part, and compares it with the manifest. Fails with BACKUP.DAMAGED. */
export async function checkPart(store: Store, part: Part, signal: AbortSignal): Promise<void> {
  const meter = new Meter()
  const body = await store.read(part.key)
  // What is read is counted, and goes nowhere.
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

/** Reads a part as it was before it was compressed and encrypted. Fails with BACKUP.KEY_NEEDED or KEY_WRONG before the first byte. */
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
