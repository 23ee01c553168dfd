import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'

const CONFIGS = ['prisma-next.config.ts', 'prisma-next.config.js', 'prisma-next.config.mjs']
const CONTRACTS = ['contract.prisma', 'contract.json']
const FOLDERS = ['', 'prisma', 'src/prisma']

/**
 * The file that shows that a project uses Prisma 8: its configuration, or a data contract where Prisma 5
 * to 7 have a schema. https://www.prisma.io/docs/orm/next
 */
export function prisma8File(root: string): string | undefined {
  const contracts = FOLDERS.flatMap((folder) => CONTRACTS.map((name) => path.join(folder, name)))
  return [...CONFIGS, ...contracts].find((file) => existsSync(path.join(root, file)))
}

/**
 * Whether a folder under `migrations` is from Prisma 8: operations as JSON, directly or by contract
 * space.
 */
export function isPrisma8Migration(folder: string): boolean {
  const isOne = (dir: string) =>
    existsSync(path.join(dir, 'migration.json')) || existsSync(path.join(dir, 'ops.json'))
  if (isOne(folder) || existsSync(path.join(folder, 'contract.json'))) return true
  return readdirSync(folder).some((name) => isOne(path.join(folder, name)))
}

/** Whether the text of a prisma.config is for Prisma 8, which names a contract and no schema. */
export function isPrisma8Config(source: string): boolean {
  const code = source.replaceAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '')
  return /\bcontract\s*:/.test(code) && !/\b(?:schema|datasource)\s*:/.test(code)
}

/** Raises PROJECT.PRISMA_8, with the file that shows it. */
export function refusePrisma8(file: string): never {
  return raise('PROJECT.PRISMA_8', {
    message: `This project uses Prisma 8 (${file}).`,
    why: 'Its migrations are a graph of contract hashes; Slipway deploys migrations of Prisma 5, 6 and 7.',
    nextActions: [
      advice('Deploy it with the Prisma 8 CLI.'),
      advice('If it has a Prisma 7 history as well, name its schema with --schema.'),
    ],
    where: { file },
  })
}
