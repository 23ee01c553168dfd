import type { Session } from '../database/index.ts'
import { advice, command } from '../kernel/index.ts'
import { databaseIdentity } from './dialects.ts'
import { raise } from './failures.ts'
import { type NamedRules, type TableRules, tableRules } from './natural-key.ts'
import { type PortableTable, portableOf } from './portable.ts'
import { type Selection, selectionOf } from './selection.ts'
import type { SeedSet } from './set.ts'
import {
  findTable,
  nearestTable,
  readTargetTables,
  type TargetTable,
  type TargetTables,
  type NamesIn,
} from './target-tables.ts'

/** One of the two databases of a sync. */
export interface Side {
  readonly session: Session
  /** The name for messages: `staging`. */
  readonly name: string
  /** The name for `--env`; absent if the database was given by its connection string. */
  readonly environment?: string
  /** Its pending migrations. */
  readonly pending: readonly string[]
}

export interface PlanRequest {
  /** Tables or models, as the user names them. */
  readonly names: readonly string[]
  readonly schema: NamesIn
  /** In order of precedence: the first set that has a table decides its key. */
  readonly sets: readonly SeedSet[]
  readonly rules: NamedRules
}

/** A table to copy from one database to another. */
export interface SyncTable extends PortableTable {
  /** As the user names it. */
  readonly name: string
  /** The table in the source. */
  readonly from: TargetTable
  /** The query for its rows in the source. */
  readonly selection: Selection
  /** The number of leading fields that form the key. */
  readonly keys: number
}

/** The tables to copy, with their keys and fields. */
export interface SyncPlan {
  /** The tables of the target. */
  readonly tables: TargetTables
  readonly sourceTables: TargetTables
  readonly rules: TableRules
  readonly named: readonly SyncTable[]
}

/**
 * Plans to copy tables from one database to another or, if source and target are the same object, to files.
 * Reads no rows. Fails with SEEDS.TABLE_MISSING, SEEDS.SCHEMAS_DIFFER, SEEDS.SAME_DATABASE and the codes of
 * `portableOf`.
 */
export async function planSync(
  source: Side,
  target: Side,
  { names, schema, sets, rules }: PlanRequest,
): Promise<SyncPlan> {
  if (source !== target) await refuseSame(source, target)
  const theirs = await readTargetTables(source.session, schema)
  const tables = source === target ? theirs : await readTargetTables(target.session, schema)
  const known = tableRules(rules, { tables, sets })
  const named = [...new Set(names)].map((name): SyncTable => {
    const table = requireTable(tables, name, target)
    const from = requireTable(theirs, name, source)
    const portable = portableOf(tables, table, known)
    refuseDifference({ source, target }, from, table)
    const selection = selectionOf(theirs, from, portable.fields)
    if (!selection) return refuseOther({ source, target }, table, 'foreign keys')
    const keys = portable.fields.filter((field) =>
      portable.key.includes(field.split('.')[0] ?? field),
    ).length
    return { ...portable, name, from, selection, keys }
  })
  return { tables, sourceTables: theirs, rules: known, named: unique(named) }
}

/** Removes duplicates: a table can be named by its model and by its own name. */
function unique(named: readonly SyncTable[]): SyncTable[] {
  return named.filter(({ table }, at) => named.findIndex((one) => one.table === table) === at)
}

function requireTable(tables: TargetTables, name: string, side: Side): TargetTable {
  const table = findTable(tables, name)
  if (table) return table
  const near = nearestTable(tables, name)
  return raise('SEEDS.TABLE_MISSING', {
    message: `${side.name} has no table ${name}.`,
    why: pendingOf(side) ?? 'No table and no model has that name.',
    nextActions: [
      ...(near === undefined ? [] : [advice(`Did you mean ${near}?`)]),
      ...(side.pending.length === 0 ? [] : [deploying(side)]),
    ],
  })
}

function pendingOf({ name, pending }: Side): string | undefined {
  if (pending.length === 0) return undefined
  const more = pending.length > 3 ? `, and ${pending.length - 3} more` : ''
  return `Migrations are pending on ${name}: ${pending.slice(0, 3).join(', ')}${more}.`
}

function deploying({ name, environment }: Side) {
  if (environment === undefined) return advice(`Apply the pending migrations of ${name} first.`)
  return command(['deploy', '--env', environment], 'apply them first')
}

interface Sides {
  readonly source: Side
  readonly target: Side
}

/**
 * Compares names and types of columns, in any order, rather than failing later on a value that does not fit.
 */
function refuseDifference(sides: Sides, from: TargetTable, to: TargetTable): void {
  const typed = ({ columns }: TargetTable) => new Map(columns.map((one) => [one.name, one.type]))
  const [sourceTypes, targetTypes] = [typed(from), typed(to)]
  const lacking = [...targetTypes.keys()].filter((name) => !sourceTypes.has(name))
  const extra = [...sourceTypes.keys()].filter((name) => !targetTypes.has(name))
  const other = [...targetTypes.keys()].filter(
    (name) => sourceTypes.has(name) && sourceTypes.get(name) !== targetTypes.get(name),
  )
  if (lacking.length > 0)
    refuseOther(sides, to, `${lacking.join(', ')} only on ${sides.target.name}`)
  if (extra.length > 0) refuseOther(sides, to, `${extra.join(', ')} only on ${sides.source.name}`)
  if (other.length > 0) refuseOther(sides, to, `other types of ${other.join(', ')}`)
}

function refuseOther({ source, target }: Sides, table: TargetTable, what: string): never {
  const behind = [source, target].filter(({ pending }) => pending.length > 0)
  return raise('SEEDS.SCHEMAS_DIFFER', {
    message: `${table.name} is not the same on ${source.name} and ${target.name}: ${what}.`,
    why: behind.map(pendingOf).join(' ') || 'No migration is pending on either: one has drifted.',
    nextActions:
      behind.length > 0
        ? behind.map(deploying)
        : [source, target].flatMap(({ name, environment }) =>
            environment === undefined
              ? []
              : [
                  command(
                    ['drift', '--env', environment],
                    `see whether ${name} is as its migrations say`,
                  ),
                ],
          ),
  })
}

async function refuseSame(source: Side, target: Side): Promise<void> {
  const [one, other] = await Promise.all(
    [source, target].map(({ session }) => databaseIdentity(session)),
  )
  if (one === other) refuseSameDatabase(source.name, target.name)
}

/** Raises SEEDS.SAME_DATABASE. */
export function refuseSameDatabase(source: string, target: string): never {
  return raise('SEEDS.SAME_DATABASE', {
    message: `${source} and ${target} are the same database.`,
    why: 'An environment without its own url uses that of the project.',
    nextActions: [command(['doctor'], 'see where each setting comes from')],
  })
}
