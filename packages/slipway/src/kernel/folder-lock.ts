import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 10_000
const POLL_MS = 50

/**
 * Runs `work` while only this process holds `lockFile`. The file contains the process id, so that the
 * lock of a dead process is recognised and replaced. Calls `refuse` after waiting for 10 s.
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

/**
 * Takes the lock without waiting, and returns the function that releases it; undefined if a running
 * process holds it.
 */
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
    if (isLeft(lockFile)) removeLeft(lockFile)
    return false
  }
}

/**
 * Removes the lock of a dead process. Only one process at a time checks and removes it: otherwise,
 * another could remove the file and take the lock between the check and the removal.
 */
function removeLeft(lockFile: string): void {
  const marker = `${lockFile}.removing`
  try {
    closeSync(openSync(marker, 'wx'))
  } catch {
    // The marker is left if a process is killed in these few microseconds.
    if (ageOf(marker) > PATIENCE_MS) rmSync(marker, { force: true })
    return
  }
  try {
    if (isLeft(lockFile)) rmSync(lockFile, { force: true })
  } finally {
    rmSync(marker, { force: true })
  }
}

/** Whether the file exists and its process is dead. */
function isLeft(lockFile: string): boolean {
  let pid: number
  try {
    pid = Number(readFileSync(lockFile, 'utf8'))
  } catch {
    return false // released in the meantime
  }
  // Its process is about to write the id, unless it was killed before it could.
  if (!pid) return ageOf(lockFile) > PATIENCE_MS
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM'
  }
}

/** Milliseconds since the file was written; 0 if it no longer exists. */
function ageOf(file: string): number {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  return written === undefined ? 0 : Date.now() - written
}
