import { appendFileSync, existsSync, statSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { type Files, interruption, programOf, run } from './cli/index.ts'
import { ownVersion } from './kernel/index.ts'

// The only file that touches the process: its streams, signals and exit.

// A command runs for seconds: a young generation that does not grow saves 40 MB, and costs nothing.
setFlagsFromString('--semi-space-growth-factor=1')
// Compiling WebAssembly (the SQL parser, Prisma's engine, the embedded database) again with the optimizing
// compiler takes 0.5 GB and half a second, and only pays off in processes that run longer.
for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)

// If the event loop becomes empty before the command has ended, that is not a success.
process.exitCode = 1

let ended = false
// The configuration and seeds are programs: if one ends the process, the command is not done.
process.on('exit', (code) => {
  if (ended || code !== 0) return
  process.exitCode = 2
  writeSync(
    2,
    'The process ended before the command was done, perhaps because of code in the project.\n',
  )
})

const stopping = new AbortController()
const crash = Promise.withResolvers<never>()
let outputLost = false

// A rejection without a handler must not end the process.
crash.promise.catch(() => undefined)
process.on('uncaughtException', crash.reject)
process.on('unhandledRejection', crash.reject)
process.on('SIGINT', () => stop('SIGINT', 130))
process.on('SIGTERM', () => stop('SIGTERM', 143))
for (const stream of [process.stdout, process.stderr]) stream.on('error', outputFailed)

const exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  files: files(),
  now: Date.now,
  signal: stopping.signal,
  crashed: crash.promise,
  program: () =>
    programOf({ argv: process.argv, env: process.env, cwd: process.cwd(), version: ownVersion() }),
  version: ownVersion,
})
await Promise.all([drained(process.stdout), drained(process.stderr)])
ended = true
// An open handle must not keep the process alive; all output has been written.
process.exit(outputLost && exitCode === 0 ? 2 : exitCode)

/** The first signal asks the command to stop at a safe point; the second ends it immediately. */
function stop(signal: 'SIGINT' | 'SIGTERM', code: 130 | 143): void {
  if (stopping.signal.aborted) process.exit(code)
  stopping.abort(interruption(signal))
  process.stderr.write('\nStopping at the next safe point. A second signal ends it immediately.\n')
}

/**
 * A reader that closed the pipe (`| head`) is not a failure, and must not stop a deploy. A report that could
 * not be written because of a full disk is one.
 */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') outputLost = true
}

async function drained(stream: Writable): Promise<void> {
  // The next turn of the event loop reports an error of the last write.
  await new Promise(setImmediate)
  if (stream.destroyed || stream.writableLength === 0) return
  const done = Promise.withResolvers<void>()
  stream.once('error', () => done.resolve())
  stream.write('', () => done.resolve())
  await done.promise
}

function files(): Files {
  return {
    isFolder: async (path) => existsSync(path) && statSync(path).isDirectory(),
    append: async (path, text) => appendFileSync(path, text),
  }
}
