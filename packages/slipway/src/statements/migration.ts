import type { Dialect } from '../database/index.ts'
import { checksum } from './checksum.ts'
import { parserFor, type StatementParser } from './dialects.ts'
import type { Statement } from './statement.ts'
import { type TransactionGroup, transactionGroupsOf } from './transaction-group.ts'

/** The file of a migration: up or down. */
export interface MigrationFile {
  readonly name: string
  readonly sql: string
  /** Path of the file, for messages; the name if absent. */
  readonly path?: string
}

/** A parsed migration: every stage judges, plans and runs it in this form. */
export interface Migration extends Required<MigrationFile> {
  readonly checksum: string
  readonly statements: readonly Statement[]
  readonly groups: readonly TransactionGroup[]
  /** The whole file is one transaction: it is applied and recorded completely or not at all. */
  readonly atomic: boolean
}

/** Parses a migration, unless it is parsed already. Fails with STATEMENTS.SYNTAX. */
export function parseMigration(
  file: MigrationFile,
  { parse, markersIn }: StatementParser,
): Migration {
  if (isParsed(file)) return file
  const { name, sql, path = name } = file
  const statements = parse(sql, path)
  const groups = transactionGroupsOf(sql, statements, markersIn(sql))
  const [first, ...others] = groups
  const atomic =
    first === undefined ||
    (others.length === 0 && first.kind === 'transaction' && !first.rolledBack)
  return { name, path, sql, checksum: checksum(sql), statements, groups, atomic }
}

/** Parses all migrations before the first one runs, so that a syntax error in any of them changes nothing. */
export async function parseMigrations(
  files: readonly MigrationFile[],
  dialect: Dialect,
): Promise<Migration[]> {
  if (files.length === 0) return []
  const parser = await parserFor(dialect)
  return files.map((file) => parseMigration(file, parser))
}

function isParsed(file: MigrationFile): file is Migration {
  return 'groups' in file && 'statements' in file
}
