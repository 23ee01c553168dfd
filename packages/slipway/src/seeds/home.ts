import path from 'node:path'
import { advice } from '../kernel/index.ts'
import { belongs, type EnvironmentSeeds } from './choose.ts'
import { type DataFormat, formatOf } from './data-file.ts'
import { raise } from './failures.ts'
import { selectionOf } from './postgres/source-rows.ts'
import { referenceTest } from './postgres/stage.ts'
import { flattened } from './references.ts'
import { isFile, rowsOf } from './rows.ts'
import type { SeedSet, SeedSetTable } from './set.ts'
import type { SyncPlan, SyncTable } from './sync-plan.ts'
import { findTable } from './target-tables.ts'

/** The folder of a project's seeds, and the set that a table belongs to. */
export interface Homes {
  /** The folder of all sets. */
  readonly folder: string
  readonly sets: readonly SeedSet[]
  /** The set that is asked for. */
  readonly named: string | undefined
  /** The set of tables that belong to none; there is none where absent. */
  readonly fallback: string | undefined
  readonly of: EnvironmentSeeds
  /** The form of files that are new. */
  readonly as: DataFormat
}

/** The data file of a table. */
export interface Home {
  readonly table: SyncTable
  /** Name of its set, and the set where it exists. */
  readonly name: string
  readonly set?: SeedSet
  /** Its entry in the set, where it has one. */
  readonly entry?: SeedSetTable
  readonly file: string
  readonly format: DataFormat
  /** The fields of the file, in their order. */
  readonly fields: readonly string[]
}

/** Why the rows of a table have no data file that could be written. */
export interface Homeless {
  readonly table: SyncTable
  readonly why: string
}

/** Finds the data file that a table's rows belong in. Fails with SEEDS.TABLE_OWNED where several sets could be meant. */
export async function homeOf(
  plan: SyncPlan,
  table: SyncTable,
  homes: Homes,
): Promise<Home | Homeless> {
  const owner = ownerOf(plan, table, homes)
  const name = owner?.name ?? homes.named ?? homes.fallback
  if (name === undefined)
    return { table, why: `no seed set has ${table.name}: name one with --set` }
  const set = owner ?? homes.sets.find((one) => one.name === name)
  const entry = set && entryOf(plan, set, table)
  if (!entry) return newHome(table, { name, set, homes })
  const file = isFile(entry.rows) ? entry.rows.file : undefined
  const format = file === undefined ? undefined : formatOf(file)
  if (set === undefined || file === undefined || format === undefined)
    return {
      table,
      why: `the rows of ${table.name} in the set ${name} are made by code or a query`,
    }
  const own = await fieldsOf(plan, table, entry)
  const fields = own ?? table.fields
  const omitted = fields.find((field) => isLeftOut(plan, table, field))
  if (omitted !== undefined)
    return { table, why: `${path.basename(file)} has ${omitted}, which is left out` }
  return { table, name, set, entry, file, format, fields }
}

function newHome(
  table: SyncTable,
  { name, set, homes }: { name: string; set: SeedSet | undefined; homes: Homes },
): Home | Homeless {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) refuseName(name)
  if (set !== undefined && path.basename(set.file) !== 'set.json')
    return {
      table,
      why: `the set ${name} is code: add ${table.name} to ${path.basename(set.file)}`,
    }
  const folder = set ? path.dirname(set.file) : path.join(homes.folder, name)
  const file = path.join(folder, `${table.name.replaceAll(/[^\w.-]/g, '_')}.${homes.as}`)
  return { table, name, ...(set ? { set } : {}), file, format: homes.as, fields: table.fields }
}

function refuseName(name: string): never {
  return raise('SEEDS.SET_INVALID', {
    message: `${JSON.stringify(name)} cannot be the name of a seed set.`,
    why: 'It becomes the name of a folder: letters, digits, dots, hyphens and underscores.',
  })
}

/** The set that is asked for, else the one of the environment that has the table. */
function ownerOf(plan: SyncPlan, table: SyncTable, homes: Homes): SeedSet | undefined {
  const { sets, named, of } = homes
  if (named !== undefined) return sets.find(({ name }) => name === named)
  const having = sets.filter((set) => entryOf(plan, set, table) !== undefined)
  const here = having.filter((set) => belongs(set, of))
  const [owner, other] = here.length > 0 ? here : having
  if (owner && other)
    raise('SEEDS.TABLE_OWNED', {
      message: `${owner.name} and ${other.name} both have ${table.name}.`,
      nextActions: [advice('Say which of them is meant: --set <name>.')],
    })
  return owner
}

function entryOf(
  { tables }: SyncPlan,
  set: SeedSet,
  { table }: SyncTable,
): SeedSetTable | undefined {
  return set.tables.find(({ name }) => findTable(tables, name, table.schema) === table)
}

/** The fields that a file has; a set may leave some out on purpose. Nothing where it has no rows, or names what there is not. */
async function fieldsOf(
  { sourceTables }: SyncPlan,
  { from }: SyncTable,
  entry: SeedSetTable,
): Promise<readonly string[] | undefined> {
  if (!isFile(entry.rows)) return undefined
  const rows = rowsOf(entry)
  const first = await rows.next()
  await rows.return(undefined)
  if (first.done) return undefined
  const fields = Object.keys(flattened(first.value.row, referenceTest(from)))
  return selectionOf(sourceTables, from, fields) ? fields : undefined
}

function isLeftOut({ tables, rules }: SyncPlan, { table }: SyncTable, field: string): boolean {
  const column = selectionOf(tables, table, [field])?.fields[0]?.column
  if (!column) return false
  return rules.isOmitted(table, column) || rules.isSensitive(table, column)
}
