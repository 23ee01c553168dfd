import type { Violation } from '../../execution/index.ts'
import { advice, type Failure, formatRows, rethrow } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { moreRows, refuseAmbiguous, repeatedKeys } from '../row-source.ts'
import { isFile } from '../rows.ts'
import type { SeedSet } from '../set.ts'
import type { PreparedSet } from './script.ts'
import type { Staged } from './stage.ts'

/** Reads a list from a fact of a violation. */
export function listOf(fact: unknown): unknown[] {
  const list: unknown = typeof fact === 'string' ? JSON.parse(fact) : fact
  return Array.isArray(list) ? list : []
}

/**
 * Raises the SEEDS failure for a guard's violation, such as SEEDS.REFERENCE_MISSING; rethrows other failures.
 */
export function refuseViolation(
  { guard, facts }: Violation,
  sets: readonly PreparedSet[],
  failure: Failure,
): never {
  const number = Number(facts['table'])
  const tables = sets.flatMap((set) => set.tables)
  const staged = tables.find((one) => one.staged.at === number)?.staged
  if (staged === undefined) return rethrow(failure)
  const row = Number(facts['row'])
  switch (guard) {
    case 'seed-reference':
      return refuseMissing(staged, row, facts)
    case 'seed-key':
      return raise('SEEDS.ROW_INVALID', {
        message: `Row ${row} of ${staged.table.name} in ${staged.set.name} has no value in its natural key.`,
        why: `The key is ${staged.table.key.join(', ')}.`,
        nextActions: [advice('Nothing was written. Give it a value and run the seeds again.')],
        where: placeOf(staged, row),
      })
    case 'seed-twice':
      return refuseTwice(staged, row, facts)
    case 'seed-referred':
      return refuseReferencedRows(staged, facts)
    case 'seed-passed-on':
      return refusePassedOn(staged.set, Number(facts['rows']))
    default:
      return rethrow(failure)
  }
}

function placeOf({ set, table, lines }: Staged, row: number): { file: string; line?: number } {
  const line = lines[row - 1]
  const file = isFile(table.rows) ? table.rows.file : set.file
  return { file, ...(line === undefined ? {} : { line }) }
}

type Facts = Violation['facts']

function refuseMissing(staged: Staged, row: number, facts: Facts): never {
  const { set, table } = staged
  return raise('SEEDS.REFERENCE_MISSING', {
    message: `Row ${row} of ${table.name} in ${set.name} refers by ${facts['column']} to a row that does not exist${moreRows(Number(facts['rows']) - 1)}.`,
    why: 'A reference is the natural key of a row that exists in the database or comes earlier in the seeds.',
    nextActions: [
      advice('Nothing was written. Add the missing row, or name its set in dependsOn.'),
    ],
    where: placeOf(staged, row),
  })
}

function refuseTwice(staged: Staged, row: number, facts: Facts): never {
  const { set, table } = staged
  const other = Number(facts['other'])
  if (row === other) return refuseAmbiguous(staged, row, placeOf(staged, row))
  const named = (number: number) => {
    const { line } = placeOf(staged, number)
    return line === undefined ? `row ${number}` : `line ${line}`
  }
  return raise('SEEDS.DUPLICATE_KEY', {
    message: `In ${table.name} of ${set.name}, ${named(row)} and ${named(other)} have the same ${table.key.join(', ')}.`,
    why: `A natural key identifies one row. ${repeatedKeys(Number(facts['keys']))}`,
    nextActions: [advice('Nothing was written. Remove one of them.')],
    where: placeOf(staged, other),
  })
}

/** A note of a script about rows of another table that refer to deleted rows. */
export interface ReferencingRows {
  /** The number of the first own table of the set. */
  readonly at: number
  readonly child: string
  /** The table that they refer to; empty if they were deleted by a cascade. */
  readonly parent: string
  readonly effect: string
  readonly rows: number
}

/** Reads the notes of a script from a fact. */
export function referringOf(fact: unknown): ReferencingRows[] {
  return (listOf(fact) as [number, string, string, string, number][]).map(
    ([at, child, parent, effect, rows]) => ({ at, child, parent, effect, rows }),
  )
}

function refuseReferencedRows({ set }: Staged, facts: Facts): never {
  const found = referringOf(facts['referring'])
  const texts = found.map(({ child, parent, rows }) => {
    const text = `${formatRows(rows)} of ${child}`
    if (parent === '') return `${text} would be deleted with them`
    return `${text} ${rows === 1 ? 'refers' : 'refer'} to rows of ${parent}`
  })
  const passes = found.every(({ effect }) => effect !== 'refuse')
  const names = [...new Set(found.map(({ child }) => `'${child}'`))].join(', ')
  return raise('SEEDS.ROWS_REFERRED', {
    message: `${texts.join(', ')} that ${set.name} no longer contains.`,
    why: passes
      ? 'Foreign keys with ON DELETE CASCADE, SET NULL or SET DEFAULT propagate a deletion.'
      : 'A foreign key prevents the deletion of a row that others refer to.',
    nextActions: [
      passes
        ? advice(
            `Nothing was written. Keep the rows in the set, or allow it with cascade: [${names}] on the table in the set.`,
          )
        : advice(
            'Nothing was written. Keep the rows in the set, or make the other rows refer elsewhere.',
          ),
    ],
    where: { file: set.file },
  })
}

function refusePassedOn(set: SeedSet, rows: number): never {
  return raise('SEEDS.ROWS_REFERRED', {
    message: `Deleting rows that ${set.name} no longer contains would also change ${formatRows(rows)} of other tables.`,
    why: 'Triggers propagate a deletion.',
    nextActions: [
      advice(
        'Nothing was written. Keep the rows in the set, or allow it: name those tables with cascade on the table in the set.',
      ),
    ],
    where: { file: set.file },
  })
}

/** The primary result code of a broken constraint. Source: sqlite.org/rescode.html. */
const CONSTRAINT = 19

/** Raises SEEDS.ROW_INVALID if rows violate a constraint of their table; rethrows other failures. */
export function refuseConstraint(sets: readonly PreparedSet[], failure: Failure): never {
  const { sqlite } = failure
  if (sqlite === undefined || (sqlite.code & 0xff) !== CONSTRAINT) return rethrow(failure)
  const set = sets.at(-1)?.set
  const names = sets.map((one) => one.set.name).join(', ')
  return raise('SEEDS.ROW_INVALID', {
    message: `Rows of ${names} are not valid for the database.`,
    why: `${sqlite.message}.`,
    nextActions: [advice('None of the set was written. Correct its rows and run the seeds again.')],
    ...(set ? { where: { file: set.file } } : {}),
    sqlite,
  })
}
