import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineProgramPath } from '../src/engine/index.ts'

/** The outcome of a run of the Prisma CLI. */
export interface PrismaRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface PrismaOptions {
  /** The project: the folder with its `prisma.config.ts`. */
  readonly cwd: string
  /** The variable `DATABASE_URL`, which its configuration reads. */
  readonly databaseUrl?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

const CLI = fileURLToPath(import.meta.resolve('prisma/build/index.js'))
const BIN = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url))

/** Runs the stock Prisma CLI on `slipway engine`. It is the oracle for Prisma's output and behaviour. */
export async function prismaCli(
  args: readonly string[],
  options: PrismaOptions,
): Promise<PrismaRun> {
  const { cwd, databaseUrl, env = {}, stdin } = options
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: {
      ...process.env,
      PATH: [BIN, process.env['PATH']].join(delimiter),
      PRISMA_SCHEMA_ENGINE_BINARY: engineProgramPath(),
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      NO_COLOR: '1',
      CI: '1',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...env,
    },
  })
  child.stdin.end(stdin ?? '')
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exit) => resolve(exit ?? 1))
    }),
  ])
  return { code, stdout, stderr }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
