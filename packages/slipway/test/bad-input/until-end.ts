import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/**
 * Starts a shell that runs `script` when this process ends, be it by a SIGKILL, or when the returned
 * function is called, which waits for it.
 */
export function untilEnd(script: string, args: readonly string[]): () => Promise<void> {
  const shell = spawn('sh', ['-c', script, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const exit = once(shell, 'exit')
  shell.unref()
  const { stdin } = shell
  ;(stdin as Socket).unref()
  return async () => {
    shell.ref()
    stdin.end()
    await exit
  }
}
