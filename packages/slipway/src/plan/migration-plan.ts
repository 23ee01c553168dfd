import {
  checksum,
  loadParser,
  needsParser,
  parseStatements,
  type Statement,
  type Unit,
  unitsOf,
} from '../migration/index.ts'

/** A migration as it will be run: its units, and whether they are one transaction. */
export interface MigrationPlan {
  readonly name: string
  /** Path of the file, for messages. */
  readonly path: string
  readonly sql: string
  readonly checksum: string
  /** Empty where the file was not parsed: see `planMigrations`. */
  readonly statements: readonly Statement[]
  readonly units: readonly Unit[]
  /** The whole file is one transaction: it is applied and recorded, or it never was. */
  readonly atomic: boolean
}

/** Plans one migration. Needs `loadParser` first. Fails with MIGRATION.SYNTAX. */
export function planMigration(migration: {
  name: string
  path: string
  sql: string
}): MigrationPlan {
  const statements = parseStatements(migration.sql, migration.path)
  const units = unitsOf(migration.sql, statements)
  const [first, ...others] = units
  const atomic =
    first === undefined ||
    (others.length === 0 && first.kind === 'transaction' && !first.rolledBack)
  return { ...migration, checksum: checksum(migration.sql), statements, units, atomic }
}

/** A file with its name and path. */
type MigrationFile = Parameters<typeof planMigration>[0]

const PARSED_AT_MOST = 100

/**
 * Plans pending migrations. All are parsed before the first is run, so that one that does not parse
 * changes nothing. Of more than a hundred, which only a new database has pending, those are left
 * unparsed that are surely one plain transaction: while V8 compiles the parser it takes 0.6 GB.
 */
export async function planMigrations(files: readonly MigrationFile[]): Promise<MigrationPlan[]> {
  const parsed = (file: MigrationFile) => files.length <= PARSED_AT_MOST || needsParser(file.sql)
  if (files.some(parsed)) await loadParser()
  return files.map((file) => (parsed(file) ? planMigration(file) : unparsedPlan(file)))
}

function unparsedPlan(file: MigrationFile): MigrationPlan {
  const empty = file.sql.trim() === ''
  const whole: Unit = {
    number: 1,
    kind: 'transaction',
    statements: [],
    sql: file.sql,
    offset: 0,
    rolledBack: false,
  }
  return {
    ...file,
    checksum: checksum(file.sql),
    statements: [],
    units: empty ? [] : [whole],
    atomic: true,
  }
}

/** The plan with its statements, for whoever has to say where an unparsed file failed. */
export async function withStatements(plan: MigrationPlan): Promise<MigrationPlan> {
  if (plan.statements.length > 0 || plan.units.length === 0) return plan
  await loadParser()
  const { statements } = planMigration(plan)
  return { ...plan, statements, units: plan.units.map((unit) => ({ ...unit, statements })) }
}
