import path from 'node:path'
import type { Project, Target } from '../../project/index.ts'
import { type Check, passed, warned } from '../check.ts'

const NAME = 'migrations folder'

/** Checks whether all tools use the same migrations folder, and can read its content. */
export function checkMigrations(project: Project, { address }: Target): Check[] {
  const { root, migrationsDir, migrationsLayout: layout, otherMigrations, wrangler } = project
  const shown = path.relative(root, migrationsDir)
  if (otherMigrations !== undefined) {
    const other = path.relative(root, otherMigrations)
    const message = `wrangler's configuration names ${shown}, Prisma's migrations are in ${other}: Slipway reads only ${shown}.`
    return [warned(NAME, message, `Make migrations_dir and prisma.config name the same folder.`)]
  }
  const isOnD1 = address.kind === 'd1' || (address.kind === 'sqlite' && address.d1 !== undefined)
  if (isOnD1 && layout === 'folders' && !readsFolders(project)) {
    const file = wrangler === undefined ? 'wrangler.jsonc' : path.relative(root, wrangler.file)
    const message = `wrangler does not see the migrations: each is a folder in ${shown}, but wrangler looks for files.`
    const fix = `To make wrangler d1 migrations list agree, set this in ${file}: "migrations_dir": "…/${path.basename(migrationsDir)}", "migrations_pattern": "…/${path.basename(migrationsDir)}/*/migration.sql".`
    return [warned(NAME, message, fix)]
  }
  const how = layout === 'flat' ? 'a file for each migration' : 'a folder for each migration'
  return [passed(NAME, `${shown}, ${how}.`)]
}

/** Whether a D1 database of the Worker is configured with this folder and a pattern for migration folders. */
function readsFolders({ wrangler, migrationsDir }: Project): boolean {
  const all = wrangler === undefined ? [] : [wrangler, ...Object.values(wrangler.environments)]
  return all.some(({ databases }) =>
    databases.some(
      (one) =>
        one.migrationsDir === migrationsDir && one.migrationsPattern?.endsWith('/migration.sql'),
    ),
  )
}
