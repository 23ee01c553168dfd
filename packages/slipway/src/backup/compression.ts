import { Socket } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib from 'node:zlib'
import { bytesOf, filterProgram, type ByteSource, throughProgram } from './byte-source.ts'

/**
 * The compression of a backup's parts. Both are standard formats, which the programs `zstd` and `gzip` read.
 */
export type Compression = 'zstd' | 'gzip'

const CHUNK = 1 << 18

/** The best compression that this version of Node.js has: zstd since 22.15, otherwise gzip. */
export function availableCompression(): Compression {
  return typeof zlib.createZstdCompress === 'function' ? 'zstd' : 'gzip'
}

/** The file extension. */
export function endingOf(compression: Compression): string {
  return compression === 'zstd' ? 'zst' : 'gz'
}

/**
 * Compresses a flow, with a checksum that detects damage. The program `zstd` takes half the time of Node.js's
 * own zstd, so it is used if it is installed and the flow comes from another program.
 */
export function compressed(
  flow: ByteSource,
  { compression, env, signal, refuse }: Compressing,
): ByteSource {
  const program =
    compression === 'zstd' && flow.stream instanceof Socket
      ? filterProgram('zstd', ['-3', '--check', '--quiet', '--stdout', '-'], env)
      : undefined
  if (program) return throughProgram(flow, program, { signal, refuse })
  const stream = compressor(compression)
  const done = pipeline(Readable.from(bytesOf(flow), { objectMode: false }), stream, { signal })
  // The reader of the stream gets the error from the stream.
  done.catch(() => {})
  return { stream, checkEnded: () => done }
}

interface Compressing {
  readonly compression: Compression
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly refuse: (why: string) => never
}

function compressor(compression: Compression): Duplex {
  const { constants } = zlib
  if (compression === 'gzip') return zlib.createGzip({ level: 6, chunkSize: CHUNK })
  return zlib.createZstdCompress({
    chunkSize: CHUNK,
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  })
}

/** A stream that decompresses. */
export function decompressing(compression: Compression): Duplex {
  return compression === 'gzip'
    ? zlib.createGunzip({ chunkSize: CHUNK })
    : zlib.createZstdDecompress({ chunkSize: CHUNK })
}
