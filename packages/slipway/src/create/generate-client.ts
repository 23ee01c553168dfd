import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { engineProgramPath, type SchemaFile } from '../engine/index.ts'
import { advice, redact } from '../kernel/index.ts'
import { raise } from './failures.ts'

export interface GenerateOptions {
  /** The project's folder. */
  readonly root: string
  readonly files: readonly SchemaFile[]
  /** Schema file or folder, if the user named one. */
  readonly schema?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

export type GenerateOutcome =
  | { readonly kind: 'generated' }
  | { readonly kind: 'skipped'; readonly reason: string }

/**
 * Runs the project's own `prisma generate`. Skipped if the schema has no generator or Prisma is not
 * installed. Prisma gets the path of Slipway's engine program, so that it downloads none. Fails with
 * CREATE.GENERATE_FAILED, which contains Prisma's output.
 */
export async function generateClient(options: GenerateOptions): Promise<GenerateOutcome> {
  const { root, files, schema, env } = options
  if (!files.some(({ content }) => /^[ \t]*generator[ \t]+\w+/m.test(content))) {
    return { kind: 'skipped', reason: 'the schema has no generator' }
  }
  const cli = findCli(root)
  if (cli === undefined)
    return { kind: 'skipped', reason: 'prisma is not installed in the project' }
  const args = [cli, 'generate', ...(schema === undefined ? [] : ['--schema', schema])]
  const { code, output } = await run(args, root, {
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    ...env,
    PRISMA_SCHEMA_ENGINE_BINARY: env['PRISMA_SCHEMA_ENGINE_BINARY'] ?? engineProgramPath(),
    NO_COLOR: '1',
  })
  if (code === 0) return { kind: 'generated' }
  return raise('CREATE.GENERATE_FAILED', {
    message: 'prisma generate failed; the migration itself is not affected.',
    why: redact(output.trim()).split('\n').slice(-12).join('\n'),
    nextActions: [
      advice('Correct what prisma generate reports, then run npx prisma generate again.'),
    ],
  })
}

function findCli(root: string): string | undefined {
  try {
    return createRequire(path.join(root, 'package.json')).resolve('prisma/build/index.js')
  } catch {
    return undefined
  }
}

async function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exit) => resolve(exit ?? 1))
  })
  return { code, output: Buffer.concat(chunks).toString('utf8') }
}
