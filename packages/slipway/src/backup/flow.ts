import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'

/** A stream of bytes, and whether its producer has ended successfully. */
export interface Flow {
  readonly stream: Readable
  /** Throws if one of the programs behind it failed: then what `stream` gave is not all. */
  ended(): Promise<void>
}

/** A program that reads its standard input and writes its standard output. */
export interface Filter {
  readonly file: string
  readonly args: readonly string[]
}

/** A program on PATH; undefined if it is not installed. */
export function filterProgram(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Filter | undefined {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const file = folders.map((folder) => path.join(folder, name)).find((one) => existsSync(one))
  return file === undefined ? undefined : { file, args }
}

/**
 * Leads a flow through a program. The output of another program goes to it through a pipe of the system: this process
 * does not see it, which saves a third of the time.
 */
export function throughProgram(
  flow: Flow,
  { file, args }: Filter,
  { signal, refuse }: { readonly signal: AbortSignal; readonly refuse: (why: string) => never },
): Flow {
  const child = spawn(file, args, {
    stdio: [flow.stream, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    signal,
  })
  // The child has its own end of the pipe: it must be the last one that is closed.
  flow.stream.destroy()
  let messages = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages = (messages + text).slice(-2000)
  })
  const end = Promise.withResolvers<string | undefined>()
  child.once('error', (error) => end.resolve(error.message))
  child.once('close', (code) => {
    const [first = ''] = messages.trim().split('\n')
    end.resolve(code === 0 ? undefined : `${path.basename(file)}: ${first || `exit code ${code}`}.`)
  })
  return {
    stream: child.stdout,
    async ended() {
      const why = await end.promise
      signal.throwIfAborted()
      // Where the source failed, the program had too little to read.
      await flow.ended()
      if (why !== undefined) refuse(why)
    },
  }
}

/** The bytes of a flow. Throws after the last byte if the program failed. */
export async function* bytesOf({ stream, ended }: Flow): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk
  await ended()
}
