import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Migration, sqlOf } from '../work.ts'

/** Writes a Prisma project whose schema matches its history. */
export function writePrismaProject(folder: string, migrations: readonly Migration[]): void {
  const migrationsDir = path.join(folder, 'prisma', 'migrations')
  mkdirSync(migrationsDir, { recursive: true })
  writeFileSync(path.join(migrationsDir, 'migration_lock.toml'), 'provider = "postgresql"\n')
  writeFileSync(path.join(folder, 'prisma', 'schema.prisma'), schemaOf(migrations))
  for (const migration of migrations) {
    mkdirSync(path.join(migrationsDir, migration.name))
    writeFileSync(path.join(migrationsDir, migration.name, 'migration.sql'), sqlOf(migration))
  }
}

/** The Prisma schema after the migrations. */
function schemaOf(migrations: readonly Migration[]): string {
  const models = migrations.map(({ table }) =>
    [
      `model ${table} {`,
      '  id         Int      @id',
      '  name       String',
      '  created_at DateTime @default(now())',
      '',
      '  @@index([name])',
      '}',
    ].join('\n'),
  )
  return ['datasource db {\n  provider = "postgresql"\n}', ...models].join('\n\n') + '\n'
}
