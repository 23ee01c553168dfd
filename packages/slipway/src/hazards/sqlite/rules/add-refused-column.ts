import { isSameName } from '../../../schema/index.ts'
import { columnObject, quoted } from '../names-and-sizes.ts'
import type { DetailOf, SqliteContext, SqliteRule } from '../rule.ts'

/**
 * ADD COLUMN changes only the definition, so SQLite refuses columns that need an
 * index or a value for each row.
 */
export const addRefusedColumn: SqliteRule = {
  id: 'add-refused-column',
  title: 'SQLite cannot add a column of this kind',
  judge(detail, context) {
    if (detail.kind !== 'add-column') return undefined
    const { table, column, foreignKeys } = detail
    const why = whyNever(detail) ?? whyOnRows(detail, context)
    if (why === undefined) return undefined
    const { text, anySize } = why
    return {
      severity: 'error',
      object: columnObject(table, column.name),
      table,
      ...(anySize ? { anySize } : {}),
      message: `SQLite cannot add ${column.name} to ${table}: ${text}.`,
      safeSql:
        column.unique && foreignKeys.length === 0
          ? `CREATE UNIQUE INDEX ${quoted(`${table}_${column.name}_key`)} ON ${quoted(table)} (${quoted(column.name)});`
          : undefined,
    }
  },
}

interface Refusal {
  readonly text: string
  readonly anySize?: true
}

function whyNever({ column }: DetailOf<'add-column'>): Refusal | undefined {
  if (column.primaryKey) {
    return { text: 'a primary key needs a rebuild of the table', anySize: true }
  }
  if (!column.unique) return undefined
  return { text: 'add it without UNIQUE, and create a unique index', anySize: true }
}

function whyOnRows(
  { column, foreignKeys, checks }: DetailOf<'add-column'>,
  { run }: SqliteContext,
): Refusal | undefined {
  const hasDefault = column.default !== undefined && column.default.kind !== 'null'
  if (column.generated?.kind === 'stored') {
    return { text: 'a STORED column needs a rebuild of the table; a VIRTUAL one can be added' }
  }
  if (foreignKeys.length > 0 && hasDefault && run.enforcesKeys) {
    return { text: 'a foreign key with a default other than NULL needs a rebuild of the table' }
  }
  if (checks.length === 0 || column.generated !== undefined || !hasDefault) return undefined
  const own = checks.every(({ names }) =>
    names.columns.every(({ name }) => isSameName(name, column.name)),
  )
  if (own) return undefined
  return { text: 'existing rows may break its CHECK on other columns with its default' }
}
