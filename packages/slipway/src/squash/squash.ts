import { type DownMigration, writeDownMigration } from '../down/index.ts'
import { advice, attempt, type Emit, type Failure } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { attributesWithout, commandOf } from '../safekeeping/index.ts'
import { type ColumnOrder, columnOrders } from '../schema/index.ts'
import {
  replay,
  type ShadowOptions,
  withShadowDatabase,
  withShadowServer,
} from '../shadow/index.ts'
import {
  type Destruction,
  parserFor,
  squashHead,
  type StatementParser,
  transactionGroupsOf,
} from '../statements/index.ts'
import { bodyOf, formsOf, named, type SquashForm } from './body.ts'
import { raise } from './failures.ts'
import { type OriginalResult, readOriginal } from './original-result.ts'
import { type Range, rangeOf, type RangeRequest } from './range.ts'
import type { TableRows } from './rows.ts'
import { differences, lastingDifferences, readState } from './state.ts'

/** The range to squash, and where to test the result. */
export interface SquashRequest extends RangeRequest {
  readonly shadow: ShadowOptions
  readonly emit: Emit
}

/** A migration that replaces others. It was run, and produced the same schema and rows. */
export interface Squash {
  readonly name: string
  readonly form: SquashForm
  /** Why the other form failed, if it was tried. */
  readonly fallback?: string
  /** The text of the migration.sql, with the header that names the replaced migrations. */
  readonly sql: string
  readonly statements: number
  /** The number of parts that a deploy commits separately. */
  readonly groups: number
  readonly squashed: readonly MigrationFolder[]
  /** The migrations that stay after it; both histories were run to the end. */
  readonly after: readonly string[]
  /** Rows that the migrations leave, by table. */
  readonly rows: readonly Pick<TableRows, 'table' | 'rows'>[]
  /** Values of columns, or rows, that differ in each run of the migrations. */
  readonly unlike: readonly Destruction[]
  /** Tables whose columns have a different order than before. */
  readonly columnOrder: readonly ColumnOrder[]
  readonly down: DownMigration
}

/**
 * Writes one migration that replaces several, and runs both histories on shadow databases: after
 * the squash, schemas by object, rows, sequences and views must be equal; after the migrations that stay,
 * schemas and numbers of rows must be. Writes no file and touches no target. Fails with SQUASH.DIFFERS if they differ, and with the failures of `rangeOf`.
 */
export async function draftSquash(request: SquashRequest): Promise<Squash> {
  const range = rangeOf(request)
  const parser = await parserFor(request.shadow.dialect)
  return await withShadowServer(request.shadow, async (shadow) => {
    const { emit, migrations } = request
    emit({ kind: 'phase', phase: 'replay', detail: `${migrations.length} migrations` })
    const original = await readOriginal(range, shadow)
    const reasons: string[] = []
    for (const form of formsOf(range)) {
      emit({ kind: 'phase', phase: 'prove', detail: form })
      const trial = await attempt(() => tryForm(form, original, { range, shadow, parser }))
      if (trial.ok && trial.value.differs.length === 0)
        return await describe(trial.value, original, { range, shadow, parser, reasons })
      reasons.push(trial.ok ? named(trial.value.differs) : sentenceOf(trial.failure))
    }
    return refuse(range, reasons)
  })
}

interface Place {
  readonly parser: StatementParser
  readonly range: Range
  readonly shadow: ShadowOptions
}

/** A squash that was run, and its differences from the original. */
interface Trial {
  readonly form: SquashForm
  readonly sql: string
  readonly differs: readonly string[]
  readonly columnOrder: readonly ColumnOrder[]
}

/** Runs the history with the squash, and compares it with the original. */
async function tryForm(
  form: SquashForm,
  original: OriginalResult,
  place: Place,
  settings: readonly string[] = [],
): Promise<Trial> {
  const { range, shadow, parser } = place
  const { name, before, squashed, after } = range
  const sql = `${squashHead(squashed)}\n${bodyOf(form, original, { range, parser, settings })}`
  const squash = { name, sql }
  // In the joined form, each run generates such values again.
  const variable = form === 'joined' ? original.variableColumns.map(({ values }) => values) : []
  const tried = await withShadowDatabase(
    shadow,
    before,
    async (session) => {
      await replay(session, [squash])
      const state = await readState(session)
      const lacking = attributesWithout(original.state.attributes, state.attributes)
      const commands = lacking.flatMap((one) => commandOf(one) ?? [])
      // The script between two schemas does not include storage, statistics targets and the like.
      if (form === 'catalog' && settings.length === 0 && commands.length > 0) return { commands }
      const columnOrder = columnOrders(original.state.catalog, state.catalog)
      const found = differences(original.state, state, variable)
      const about = { form, sql, columnOrder }
      if (found.length > 0 || after.length === 0) return { ...about, differs: found }
      await replay(session, after)
      return { ...about, differs: lastingDifferences(original.end, await readState(session)) }
    },
    [squash, ...after],
  )
  return 'commands' in tried ? await tryForm(form, original, place, tried.commands) : tried
}

async function describe(
  { form, sql, columnOrder }: Trial,
  { rows, variableColumns }: OriginalResult,
  { range, shadow, parser, reasons }: Place & { readonly reasons: readonly string[] },
): Promise<Squash> {
  const { name, before, squashed, after } = range
  const [fallback] = reasons
  const statements = parser.parse(sql)
  return {
    name,
    form,
    ...(fallback === undefined ? {} : { fallback }),
    sql,
    statements: statements.length,
    groups: transactionGroupsOf(sql, statements).length,
    squashed,
    after: after.map((one) => one.name),
    rows: rows.map((table) => ({ table: table.table, rows: table.rows })),
    unlike: variableColumns.map(({ values }) => values),
    columnOrder,
    down: await writeDownMigration({ shadow, before, migration: { name, sql } }),
  }
}

function sentenceOf({ message, why, server }: Failure): string {
  return server ? `The server says: ${server.message}.` : `${message} ${why ?? ''}`.trim()
}

function refuse({ squashed }: Range, reasons: readonly string[]): never {
  return raise('SQUASH.DIFFERS', {
    message: `No single migration was found that produces the same result as the ${squashed.length} migrations: ${reasons.join(' ')}`,
    why: 'Slipway ran both histories on shadow databases and wrote nothing.',
    nextActions: [
      advice(
        'Squash a smaller range, with --from and --to, without the migrations that create these objects.',
      ),
    ],
  })
}
