import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** A process that has a file open. */
export interface OpenProcess {
  readonly pid: number
  /** As the system shows it: `node`, `workerd`. */
  readonly name: string
}

/**
 * The other processes that have a database file or its log open, as far as this account may see them.
 * Only on Linux; empty elsewhere.
 */
export function processesWith(file: string): OpenProcess[] {
  if (process.platform !== 'linux') return []
  const real = realpathSync(file)
  const files = new Set([real, `${real}-wal`, `${real}-journal`])
  return entriesOf('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => opensAny(path.join('/proc', pid, 'fd'), files))
    .map((pid) => ({ pid: Number(pid), name: nameOf(pid) }))
}

function opensAny(folder: string, files: ReadonlySet<string>): boolean {
  return entriesOf(folder).some((descriptor) => {
    try {
      return files.has(readlinkSync(path.join(folder, descriptor)))
    } catch {
      return false
    }
  })
}

/** A process of another account, or one that has ended, shows nothing. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(path.join('/proc', pid, 'comm'), 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
