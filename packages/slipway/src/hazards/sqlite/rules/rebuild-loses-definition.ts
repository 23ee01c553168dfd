import { canHavePart, type LostPart, lostParts, withParts } from '../../../schema/index.ts'
import { isKnown } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'
import { tableObject } from '../words.ts'

/** A rebuilt table has only what its new definition says, and Prisma cannot say all that the old one did. */
export const rebuildLosesDefinition: SqliteRule = {
  id: 'rebuild-loses-definition',
  title: 'A rebuild loses constraints of its table',
  judge(_detail, { run, statement }) {
    const rebuild = run.rebuilds.find(({ create }) => create === statement)
    if (rebuild === undefined) return undefined
    const { name, old, oldName, made } = rebuild
    if (old.renamed || !isKnown(old) || !isKnown(made)) return undefined
    const parts = lostParts(old, made)
    const safe = parts.filter((part) => canHavePart(made, part))
    return parts.map((part) => ({
      severity: 'warning' as const,
      object: objectOf(name, part),
      table: oldName,
      anySize: true as const,
      message: `The rebuild of ${name} loses ${said(part)}: the new table is created without it.`,
      safeSql: safe.includes(part) ? `${withParts(made, safe)};` : undefined,
    }))
  },
}

function objectOf(table: string, { column: name }: LostPart) {
  return name === undefined
    ? tableObject(table)
    : ({ kind: 'column', schema: null, table, name } as const)
}

function said({ kind, column, text }: LostPart): string {
  switch (kind) {
    case 'generated column':
      return `its generated column ${column}`
    case 'check':
      return column === undefined ? 'a CHECK' : `the CHECK of its column ${column}`
    case 'collation':
      return `${text} of its column ${column}`
    case 'strict':
    case 'without rowid':
      return text
  }
}
