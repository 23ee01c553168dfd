import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A migration of a test project. */
export interface TestMigration {
  readonly name: string
  readonly sql: string
  readonly down?: string
}

/** Writes a Prisma 7 project into a new folder. Returns the folder. */
export function writeProject(
  migrations: readonly TestMigration[],
  models = '',
  provider: 'postgresql' | 'sqlite' = 'postgresql',
): string {
  const root = mkdtempSync(join(tmpdir(), 'slipway-project-'))
  const prisma = join(root, 'prisma')
  mkdirSync(join(prisma, 'migrations'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "name": "shop", "type": "module" }\n')
  writeFileSync(join(root, 'prisma.config.ts'), PRISMA_CONFIG)
  writeFileSync(
    join(prisma, 'schema.prisma'),
    `datasource db {\n  provider = "${provider}"\n}\n\n${models}`,
  )
  writeFileSync(join(prisma, 'migrations', 'migration_lock.toml'), `provider = "${provider}"\n`)
  for (const migration of migrations) addMigration(root, migration)
  return root
}

// A plain object, so that the stock CLI can read it although `prisma` is not installed next to it.
const PRISMA_CONFIG = `export default {
  schema: 'prisma/schema.prisma',
  datasource: { url: process.env.DATABASE_URL ?? '' },
}
`

/** Adds a migration to a test project. */
export function addMigration(root: string, { name, sql, down }: TestMigration): void {
  const folder = join(root, 'prisma', 'migrations', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'migration.sql'), sql)
  if (down !== undefined) writeFileSync(join(folder, 'down.sql'), down)
}
