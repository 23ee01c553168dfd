import { balanced, quoteIdentifier } from '../../database/index.ts'
import { isSameName } from '../../schema/index.ts'
import { keptTable } from './keep-sql.ts'
import { parentsExistSql, referringValues } from './parent-conditions.ts'
import type { RestoredKey } from './restore-place.ts'
import { inCopy, inTable, type Restored, rowWhere } from './restored.ts'

/**
 * SQL that deletes restored rows again whose parents were not restored after them: their tables refer to each other or
 * to themselves. `rows` are in the order in which they are restored. Rows without a key cannot be found.
 */
export function withdrawRows(
  rows: readonly Restored[],
  foreignKeys: readonly RestoredKey[],
): string {
  const deletes = rows.flatMap((one, at) => {
    const pending = rows.slice(at)
    const isToPending = (key: RestoredKey) =>
      isSameName(key.table, one.kept.table.name) &&
      pending.some(({ kept }) => isSameName(kept.table.name, key.parent))
    return foreignKeys.some(isToPending) ? withdrawOf(one, foreignKeys) : []
  })
  // Each round deletes the rows that refer to those of the last one.
  return deletes.join('').repeat(deletes.length)
}

function withdrawOf(one: Restored, foreignKeys: readonly RestoredKey[]): string[] {
  const { kept, table } = one
  const isKnown = kept.key.length > 0 && kept.key.every((name) => kept.stored.includes(name))
  if (!isKnown) return []
  const places = (table?.rowid === undefined ? kept.key : [table.rowid]).map(quoteIdentifier)
  const target = quoteIdentifier(kept.table.name)
  const isBack = kept.stored.map((name) => `${inTable(name)} COLLATE BINARY IS ${inCopy(name)}`)
  const conditions = balanced([...rowWhere(one), ...isBack], 'AND')
  const placesIn = (alias: string) => places.map((name) => `${alias}.${name}`)
  const own = foreignKeys.filter(
    (key) =>
      isSameName(key.table, kept.table.name) &&
      isSameName(key.parent, key.table) &&
      !key.referenced.includes(''),
  )
  const follows = own.map((key) => {
    const refers = referringValues(key, (name) => `c.${quoteIdentifier(name)}`).map(
      (value, at) => `${value} = ${inTable(key.referenced[at] ?? '')}`,
    )
    const isParent = placesIn('t').map((place, at) => `${place} = l.p${at}`)
    return `\n  UNION SELECT ${placesIn('c').join(', ')} FROM _slipway_lost l JOIN ${target} t ON ${isParent.join(' AND ')} JOIN ${target} c ON ${refers.join(' AND ')}`
  })
  const lost = places.map((_, at) => `p${at}`).join(', ')
  return [
    `DELETE FROM ${target} WHERE (${places.join(', ')}) IN (WITH RECURSIVE _slipway_lost (${lost}) AS (
  SELECT ${placesIn('t').join(', ')} FROM ${keptTable(kept.id)} k JOIN ${target} t ON ${conditions} WHERE NOT (${parentsExistSql(one, foreignKeys)})${follows.join('')})
  SELECT ${lost} FROM _slipway_lost);\n`,
  ]
}
