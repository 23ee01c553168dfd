import { createHash } from 'node:crypto'
import { quoteText } from '../../database/index.ts'
import { digitsOf } from '../json-text.ts'
import type { Layout } from '../references.ts'
import type { SeedRow, SeedSetTable, SeedValue } from '../set.ts'
import type { TargetColumn, TargetTable } from '../target-tables.ts'
import { isDate } from '../value-text.ts'

/** A column that Prisma Client fills if a row omits it, and that SQLite has no function for. */
export interface Filler {
  readonly column: TargetColumn
  /** Its column in the table of staged rows. */
  readonly staged: string
  /** The value for a row, as SQL. */
  literal(row: SeedRow): string
}

/**
 * IDs in the formats of Prisma Client, derived from each row's natural key, so that they are the same in
 * every database.
 */
export function fillersOf(
  { table, target }: { readonly table: SeedSetTable; readonly target: TargetTable },
  layout: Layout,
): Filler[] {
  const keyFields = table.key.flatMap((key) =>
    layout.fields.filter((field) => field === key || field.startsWith(`${key}.`)),
  )
  return target.columns.flatMap((column): Filler[] => {
    const filled = filledBy(target, column)
    if (filled === undefined || filled === 'updatedAt') return []
    const literal = (row: SeedRow) => {
      const texts = keyFields.map((field) => keyText(row[field]))
      const identity = createHash('md5')
        .update([target.name, ...texts].join('|'))
        .digest('hex')
      return quoteText(idOf(filled, identity))
    }
    return [{ column, staged: `f${target.columns.indexOf(column)}`, literal }]
  })
}

/** The column that Prisma Client sets to the time of each update; undefined if there is none. */
export function touchedColumn(target: TargetTable): TargetColumn | undefined {
  return target.columns.find((column) => filledBy(target, column) === 'updatedAt')
}

function filledBy({ model }: TargetTable, { name, hasDefault, generated }: TargetColumn) {
  if (generated) return undefined
  const filled = model?.members.find(({ mapped }) => mapped === name)?.filled
  return hasDefault && filled !== 'updatedAt' ? undefined : filled
}

function keyText(value: SeedValue): string {
  if (isDate(value)) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value !== 'object') return String(value)
  return digitsOf(value) ?? JSON.stringify(value)
}

function idOf(kind: 'uuid' | 'cuid' | 'nanoid' | 'ulid', identity: string): string {
  switch (kind) {
    case 'uuid': {
      // With the version and variant digits of a version 4 UUID, which validators check.
      const marked = `${identity.slice(0, 12)}4${identity.slice(13, 16)}a${identity.slice(17)}`
      return marked.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    }
    case 'cuid':
      return `c${identity.slice(0, 24)}`
    case 'nanoid':
      return identity.slice(0, 21)
    case 'ulid':
      return `01${identity.slice(0, 24)}`.toUpperCase()
  }
}
