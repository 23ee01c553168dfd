import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 10_000
const POLL_MS = 50

/**
 * Runs `work` while this process alone holds `lockFile`. The file holds the process id, so that one
 * left by a dead process is recognised and replaced. Calls `refuse` after waiting for 10 s.
 */
export async function withFolderLock<T>(
  lockFile: string,
  work: () => Promise<T>,
  refuse: (lockFile: string) => never,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  while (!take(lockFile)) {
    if (performance.now() > deadline) refuse(lockFile)
    await sleep(POLL_MS)
  }
  try {
    return await work()
  } finally {
    rmSync(lockFile, { force: true })
  }
}

/** Takes the lock without waiting, and returns the function that releases it; nothing if a running process holds it. */
export function takeFolderLock(lockFile: string): (() => void) | undefined {
  // The second attempt follows the removal of a dead process's lock.
  return take(lockFile) || take(lockFile) ? () => rmSync(lockFile, { force: true }) : undefined
}

function take(lockFile: string): boolean {
  try {
    const file = openSync(lockFile, 'wx')
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!holderAlive(lockFile)) rmSync(lockFile, { force: true })
    return false
  }
}

function holderAlive(lockFile: string): boolean {
  let pid: number
  try {
    pid = Number(readFileSync(lockFile, 'utf8'))
    // Its process is about to write the id, unless it was killed before it could.
    if (!pid) return Date.now() - statSync(lockFile).mtimeMs < PATIENCE_MS
  } catch {
    return false // released between our two looks
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
