import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PATIENCE_MS = 10_000

/**
 * The output of git in a folder; undefined if git, the repository or the requested object does not exist.
 */
export async function git(cwd: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const options = { cwd, timeout: PATIENCE_MS, maxBuffer: 64 << 20 }
    const { stdout } = await run('git', [...args], options)
    return stdout
  } catch {
    return undefined
  }
}
