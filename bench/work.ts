/** One migration of the work: a table and an index on it. */
export interface Migration {
  /** From 1. */
  readonly number: number
  /** Sorts in the order of application: `20250101000001_item_0001`. */
  readonly name: string
  readonly table: string
  readonly createTable: string
  readonly createIndex: string
}

/** The prefix of all tables of the work, by which the result of a run is counted. */
export const TABLE_PREFIX = 'item_'

/** The first `count` migrations of the work. They are the same in every run. */
export function migrationsOf(count: number): readonly Migration[] {
  return Array.from({ length: count }, (_, index) => migrationOf(index + 1))
}

/** The SQL of a migration as Prisma writes it. */
export function sqlOf(migration: Migration): string {
  return `-- CreateTable\n${migration.createTable}\n\n-- CreateIndex\n${migration.createIndex}\n`
}

function migrationOf(number: number): Migration {
  const table = `${TABLE_PREFIX}${String(number).padStart(4, '0')}`
  return {
    number,
    name: `${20_250_101_000_000 + number}_${table}`,
    table,
    createTable: [
      `CREATE TABLE "${table}" (`,
      '    "id" INTEGER NOT NULL,',
      '    "name" TEXT NOT NULL,',
      '    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,',
      '',
      `    CONSTRAINT "${table}_pkey" PRIMARY KEY ("id")`,
      ');',
    ].join('\n'),
    createIndex: `CREATE INDEX "${table}_name_idx" ON "${table}"("name");`,
  }
}
