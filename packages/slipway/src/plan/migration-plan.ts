import {
  checksum,
  loadParser,
  parseStatements,
  type Statement,
  type TransactionGroup,
  transactionGroupsOf,
} from '../statements/index.ts'

/** A migration as it will be run: its transaction groups, and whether they are one transaction. */
export interface MigrationPlan {
  readonly name: string
  /** Path of the file, for messages. */
  readonly path: string
  readonly sql: string
  readonly checksum: string
  readonly statements: readonly Statement[]
  readonly groups: readonly TransactionGroup[]
  /** The whole file is one transaction: it is applied and recorded, or it never was. */
  readonly atomic: boolean
}

/** Plans one migration. Needs `loadParser` first. Fails with STATEMENTS.SYNTAX. */
export function planMigration(migration: {
  name: string
  path: string
  sql: string
}): MigrationPlan {
  const statements = parseStatements(migration.sql, migration.path)
  const groups = transactionGroupsOf(migration.sql, statements)
  const [first, ...others] = groups
  const atomic =
    first === undefined ||
    (others.length === 0 && first.kind === 'transaction' && !first.rolledBack)
  return { ...migration, checksum: checksum(migration.sql), statements, groups, atomic }
}

/** Plans pending migrations: all are parsed before the first is run, so that one that does not parse changes nothing. */
export async function planMigrations(
  files: readonly Parameters<typeof planMigration>[0][],
): Promise<MigrationPlan[]> {
  if (files.length > 0) await loadParser()
  return files.map(planMigration)
}
