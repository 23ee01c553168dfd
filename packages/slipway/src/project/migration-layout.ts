import path from 'node:path'
import { assertNever } from '../kernel/index.ts'

/**
 * The layout of a migrations folder. `folders`: each migration has a folder with `migration.sql` and
 * `down.sql`, as Prisma writes it. `flat`: each is a file `<name>.sql`, as wrangler writes it, and its
 * down migration is `down/<name>.sql`. wrangler treats every `.sql` file in the folder itself as a
 * migration, even `<name>.down.sql`, and ignores subfolders.
 */
export type MigrationsLayout = 'folders' | 'flat'

/** A migrations folder. */
export interface MigrationsFolder {
  readonly migrationsDir: string
  readonly layout: MigrationsLayout
}

/** The folder of down migrations and proofs in a flat layout. */
export const DOWN_FOLDER = 'down'

/** The files of one migration, which need not exist. */
export interface MigrationPaths {
  readonly path: string
  readonly downPath: string
}

/** Where the files of a migration are. */
export function migrationPaths(
  { migrationsDir, layout }: MigrationsFolder,
  name: string,
): MigrationPaths {
  switch (layout) {
    case 'folders': {
      const folder = path.join(migrationsDir, name)
      return { path: path.join(folder, 'migration.sql'), downPath: path.join(folder, 'down.sql') }
    }
    case 'flat':
      return {
        path: path.join(migrationsDir, `${name}.sql`),
        downPath: path.join(migrationsDir, DOWN_FOLDER, `${name}.sql`),
      }
    default:
      return assertNever(layout)
  }
}

/** Where the proof of a migration is: `proof.json` next to it, or `down/<name>.proof.json`. */
export function proofPath({
  name,
  path: file,
}: {
  readonly name: string
  readonly path: string
}): string {
  const folder = path.dirname(file)
  const isFlat = path.basename(file) === `${name}.sql` && path.basename(folder) !== name
  return isFlat
    ? path.join(folder, DOWN_FOLDER, `${name}.proof.json`)
    : path.join(folder, 'proof.json')
}

/**
 * Compares names in the order in which migrations are applied: negative if `one` comes first. Prisma
 * compares names byte by byte.
 */
export function compareNames(layout: MigrationsLayout, one: string, other: string): number {
  if (layout === 'flat') {
    const order = compareNumbers(leadingNumber(one), leadingNumber(other))
    if (order !== 0) return order
    return one === other ? 0 : one < other ? -1 : 1
  }
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** The number that a name begins with, as wrangler reads it: 2 of `0002_users`; NaN if it begins with none. */
export function leadingNumber(name: string): number {
  return Number.parseInt(name.split('_')[0] ?? '', 10)
}

/** wrangler applies migrations by number, and those without one last. Source: workers-utils, d1-migrations. */
function compareNumbers(one: number, other: number): number {
  if (Number.isNaN(one) || Number.isNaN(other))
    return Number(Number.isNaN(one)) - Number(Number.isNaN(other))
  return one - other
}
