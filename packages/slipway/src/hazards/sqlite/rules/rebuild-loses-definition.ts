import {
  isSameList,
  isSameName,
  type LostPart,
  lostParts,
  refusalOfPart,
  withParts,
} from '../../../schema/index.ts'
import type { SqliteIndex } from '../../../statements/index.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import { isKnown, type Rebuild } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'

/**
 * A rebuilt table has only what its new definition contains, and Prisma cannot
 * express everything in the old one.
 */
export const rebuildLosesDefinition: SqliteRule = {
  id: 'rebuild-loses-definition',
  title: 'A rebuild loses constraints of its table',
  judge(_detail, { run, statement }) {
    const rebuild = run.rebuilds.find(({ create }) => create === statement)
    if (rebuild === undefined) return undefined
    const { name, old, oldName, newTable } = rebuild
    if (old.renamed || !isKnown(old) || !isKnown(newTable)) return undefined
    const indexes = [...run.after.indexes.values()].filter((one) => isSameName(one.table, name))
    // Parts that use a dropped column disappear with it. A separate hazard reports that.
    const parts = lostParts(old, newTable, indexes).filter(({ gone }) => gone === undefined)
    const safe = parts.filter(
      (part) => refusalOfPart(newTable, part) === undefined && !isWritten(part, rebuild),
    )
    return parts.map((part) => ({
      severity: 'warning' as const,
      object: objectOf(name, part),
      table: oldName,
      anySize: true as const,
      message: `The rebuild of ${name} loses ${partText(part)}: the new table is created without it.${omitIndexHint(part, indexes)}`,
      safeSql: safe.includes(part) ? `${withParts(newTable, safe)};` : undefined,
    }))
  },
}

/** Whether a copy writes to a column that is generated in the lost definition, which SQLite would refuse. */
function isWritten({ kind, column = '' }: LostPart, { copies }: Rebuild): boolean {
  return (
    kind === 'generated column' &&
    copies.some(({ values = [] }) => values.some(({ target }) => isSameName(target, column)))
  )
}

/** A hint to omit the plain unique index on the same columns, which is stricter than the lost key. */
function omitIndexHint({ kind, columns = [] }: LostPart, indexes: readonly SqliteIndex[]): string {
  const index = indexes.find((one) => one.unique && isSameList(one.columns, columns))
  return kind === 'unique' && index ? ` With it, omit the index ${index.name}.` : ''
}

function objectOf(table: string, { column: name }: LostPart) {
  return name === undefined
    ? tableObject(table)
    : ({ kind: 'column', schema: null, table, name } as const)
}

function partText({ kind, column, columns = [], text }: LostPart): string {
  switch (kind) {
    case 'generated column':
      return `its generated column ${column}`
    case 'check':
      return column === undefined ? 'a CHECK' : `the CHECK of its column ${column}`
    case 'collation':
    case 'not null':
      return `${text} of its column ${column}`
    case 'deferral':
      return `${text} of its foreign key on ${list(columns)}`
    case 'primary key':
    case 'unique':
    case 'strict':
    case 'without rowid':
      return text
  }
}
