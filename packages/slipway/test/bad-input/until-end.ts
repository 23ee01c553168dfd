import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/**
 * Starts a shell that runs `script` when this process ends, even by a SIGKILL. The returned function runs it
 * earlier and waits for its end.
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
