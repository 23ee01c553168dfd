import { defaultMigrationsDir } from '../find.ts'
import type { DialectFiles, ProjectSources } from '../migrations-place.ts'

/** Finds the migrations folder where Prisma looks for it. */
export async function readPostgresFiles({
  schema,
  prisma,
  prismaConfig,
}: ProjectSources): Promise<DialectFiles> {
  const dir = prisma.migrations ?? defaultMigrationsDir(schema.path, schema.datasourceFile)
  const source = prisma.migrations ? prismaConfig : 'beside the schema'
  return { migrations: { dir, layout: 'folders', source } }
}
