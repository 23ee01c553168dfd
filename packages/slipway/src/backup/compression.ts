import type { Duplex } from 'node:stream'
import zlib from 'node:zlib'

/** How the parts of a backup are compressed. Both are standard formats, which `zstd` and `gzip` read. */
export type Compression = 'zstd' | 'gzip'

const CHUNK = 1 << 18

/** The best that this Node.js has: zstd is in 22.15 and later. */
export function availableCompression(): Compression {
  return typeof zlib.createZstdCompress === 'function' ? 'zstd' : 'gzip'
}

/** The ending of a file's name. */
export function endingOf(compression: Compression): string {
  return compression === 'zstd' ? 'zst' : 'gz'
}

/** A stream that compresses. Damage is found by a checksum in it, too. */
export function compressing(compression: Compression): Duplex {
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
