import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Cluster } from '../postgres.ts'
import { untilEnd } from './until-end.ts'

/** A real, small disk. */
export interface SmallDisk {
  readonly dir: string
  remove(): Promise<void>
}

/**
 * Mounts a disk of this many megabytes that the server of a cluster can write to. Undefined if mounting is
 * not permitted: it takes root, and a container that allows it.
 */
export function mountSmallDisk(cluster: Cluster, megabytes: number): SmallDisk | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), 'slipway-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], {
      stdio: 'ignore',
    })
  } catch {
    return undefined
  }
  const remove = untilEnd('read -r _; umount -l "$1"; rmdir "$1"', [dir])
  const { uid, gid } = statSync(cluster.dataDir)
  chownSync(dir, uid, gid)
  chmodSync(dir, 0o700)
  return { dir, remove }
}
