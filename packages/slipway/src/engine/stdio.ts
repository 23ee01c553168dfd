import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { createDatabase, dropDatabase } from './postgres/create-database.ts'
import { type ProgramArguments, parseArguments, resolveDatasource } from './program-arguments.ts'
import { rpcErrorOf } from './rpc-error.ts'
import { withDatabase } from './rpc-methods.ts'
import { type Handle, withRpc } from './rpc.ts'
import { engineVersion } from './wasm.ts'

/** The parts of the process that the program uses. */
export interface ProgramContext {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/**
 * Replaces Prisma's native schema engine: its command line, and its JSON-RPC over stdin and stdout,
 * one message per line. Resolves to the exit code.
 */
export async function runEngineProgram(context: ProgramContext): Promise<number> {
  const args = parseArguments(context.argv)
  if (args.command === 'version') {
    context.stdout.write(`schema-engine-cli ${await engineVersion()}\n`)
    return 0
  }
  if (args.command !== 'serve') return await runCommand(args, context)
  log(context.stderr, 'INFO', { message: 'Starting schema engine RPC server' })
  await withRpc(
    {
      ...resolveDatasource(args, context.env),
      env: context.env,
      print: printer(context.stdout),
    },
    async (handle) => await serve(context, handle),
  )
  return 0
}

/** Runs one command of the Prisma CLI, which reads the result from the log on stderr. */
async function runCommand(
  args: ProgramArguments,
  { env, stderr }: ProgramContext,
): Promise<number> {
  // The Prisma CLI skips the first line of the log.
  log(stderr, 'INFO', { message: 'Starting schema engine CLI' })
  try {
    const { url } = resolveDatasource(args, env)
    if (args.command === 'create-database') await createDatabase(url)
    else if (args.command === 'drop-database') await dropDatabase(url)
    else await withDatabase(url, async () => {})
    log(stderr, 'INFO', { message: 'Done' })
    return 0
  } catch (error) {
    const { message, error_code = '' } = rpcErrorOf(error)
    log(stderr, 'ERROR', { is_panic: false, error_code, message })
    return 1
  }
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
}

/** Answers requests one after another, until stdin ends. */
async function serve({ stdin, stdout, stderr }: ProgramContext, handle: Handle): Promise<void> {
  for await (const line of createInterface({ input: stdin, crlfDelay: Infinity })) {
    const message = parseMessage(line)
    // Without a method it is the reply to a `print` request, which needs no handling.
    if (message?.method === undefined) continue
    const { id, method, params = {} } = message
    send(stdout, { id, ...(await answer(stderr, handle, method, params)) })
  }
}

async function answer(
  stderr: Writable,
  handle: Handle,
  method: string,
  params: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  try {
    return { result: (await handle(method, params)) ?? null }
  } catch (error) {
    const data = rpcErrorOf(error)
    log(stderr, 'ERROR', data)
    return {
      error: { code: 4466, message: 'An error happened. Check the data field for details.', data },
    }
  }
}

function parseMessage(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message
  } catch {
    // Not JSON-RPC, so there is no id for a reply.
    return undefined
  }
}

/** Tells the CLI to print a text, as the native engine does, without waiting for the reply. */
function printer(stdout: Writable): (text: string) => void {
  let id = 0
  return (text) =>
    send(stdout, { id: ++id, method: 'print', params: { content: text.replace(/\n$/, '') } })
}

function send(stdout: Writable, message: Record<string, unknown>): void {
  stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

function log(stderr: Writable, level: 'INFO' | 'ERROR', fields: object): void {
  const target = 'schema_engine::logger'
  stderr.write(
    `${JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target })}\n`,
  )
}
