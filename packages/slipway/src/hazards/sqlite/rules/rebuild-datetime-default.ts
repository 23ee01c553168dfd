import { columnIn } from '../../../schema/index.ts'
import { columnObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** SQLite stores a date as text or as a number, depending on the writer. */
export const rebuildDatetimeDefault: SqliteRule = {
  id: 'rebuild-datetime-default',
  title: 'A rebuild changes the default of a date',
  judge(_detail, { run, statement }) {
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined) return undefined
    const { name, old, newTable } = rebuild
    return newTable.columns.flatMap((after) => {
      const before = columnIn(old, after.name)
      if (!before?.default || !after.default || !isMoment(after.type)) return []
      if (isSame(before.default.text, after.default.text)) return []
      return [
        {
          severity: 'warning' as const,
          object: columnObject(name, after.name),
          table: rebuild.oldName,
          message: `The default of ${after.name} of ${name} changes from ${before.default.text} to ${after.default.text}: SQLite has no date type, so if the two write dates in different formats, new rows do not sort and compare correctly with old ones.`,
        },
      ]
    })
  },
}

/** Whether a type name means a date or a time, by convention and in Prisma. */
function isMoment(type: string): boolean {
  return /date|time/i.test(type)
}

function isSame(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll(/[\s()]/g, '').toLowerCase()
  return plain(one) === plain(other)
}
