import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** A folder that only this account may enter. */
export interface TemporaryFolder {
  readonly folder: string
  remove(): Promise<void>
}

/**
 * Makes a temporary folder. If this process is killed before it removes it, the next one that asks for such a folder does.
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

/** Those of this process: in a container, the process before had the same number. */
const lent = new Set<string>()

async function removeLeft(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const [, pid] = /^slipway-backup-(\d+)-/.exec(name) ?? []
    if (pid === undefined || lent.has(name) || isOtherRunning(Number(pid))) continue
    // One of another account is kept.
    await rm(path.join(os.tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

/** Whether a process that is not this one runs under a number. */
export function isOtherRunning(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
