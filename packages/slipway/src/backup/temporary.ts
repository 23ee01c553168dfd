import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** A folder that only this user can access. */
export interface TemporaryFolder {
  readonly folder: string
  remove(): Promise<void>
}

/**
 * Creates a temporary folder. If this process is killed before removing it, the next call in any process
 * does.
 */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  await removeLeft()
  const folder = await mkdtemp(path.join(os.tmpdir(), `slipway-backup-${process.pid}-`))
  const name = path.basename(folder)
  lent.add(name)
  return {
    folder,
    async remove() {
      await rm(folder, { recursive: true, force: true })
      lent.delete(name)
    },
  }
}

/**
 * The folders of this process. The process ID alone is not enough: in a container, the previous process had
 * the same one.
 */
const lent = new Set<string>()

async function removeLeft(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const [, pid] = /^slipway-backup-(\d+)-/.exec(name) ?? []
    if (pid === undefined || lent.has(name) || isOtherRunning(Number(pid))) continue
    // The folder of another user cannot be removed.
    await rm(path.join(os.tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

/** Whether another process with this ID is running. */
export function isOtherRunning(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
