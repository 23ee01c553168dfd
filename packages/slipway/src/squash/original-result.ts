import { quoteIdentifier, type Session } from '../database/index.ts'
import { readRowSums } from '../proof/index.ts'
import { type Catalog, readCatalog, schemaOf } from '../schema/index.ts'
import { readShape, replay, type ShadowOptions, withShadowDatabase } from '../shadow/index.ts'
import {
  type Destruction,
  objectKey,
  partRef,
  qualifiesWith,
  type MigrationFile,
} from '../statements/index.ts'
import type { Range } from './range.ts'
import { type Naming, readTableRows, type TableRows } from './rows.ts'
import { readState, rowDifferences, type State } from './state.ts'

/** The result of the original migrations, which a squash must reproduce. */
export interface OriginalResult {
  /** The schema before the first squashed migration. */
  readonly from: Catalog
  /** The state after the last squashed migration. */
  readonly state: State
  readonly rows: readonly TableRows[]
  /** The state after the migrations that stay. */
  readonly end: State
  /** Columns whose values differ in each run, because of a clock or randomness. */
  readonly variableColumns: readonly VariableColumn[]
  readonly naming: Naming
  /** The schema that no squashed migration names, because it is the connection's own. */
  readonly unnamed: string | undefined
}

/** A column whose values differ in each run. */
interface VariableColumn {
  readonly values: Destruction
  /** Whether the column has a date or a time. */
  readonly time: boolean
}

/** Runs the migrations on a shadow database, and after them those that stay. */
export async function readOriginal(range: Range, shadow: ShadowOptions): Promise<OriginalResult> {
  const { before, squashed, after } = range
  const from = await withShadowDatabase(shadow, before, (session) => readCatalog(session), squashed)
  const original = await withShadowDatabase(
    shadow,
    [...before, ...squashed],
    async (session) => {
      const unnamed = unnamedSchema(session, squashed)
      const naming = namingWithout(unnamed, session.server.schema)
      const state = await readState(session)
      const rows = await readTableRows(session, naming)
      const found = { from, state, rows, naming, unnamed }
      if (after.length === 0) return { ...found, end: state }
      await replay(session, after)
      return { ...found, end: await readState(session) }
    },
    after,
  )
  const variableColumns =
    original.rows.length > 0 ? await readVariableColumns(range, original.state, shadow) : []
  return { ...original, variableColumns }
}

/**
 * Runs the migrations once more, and finds the values that differ. No template database is used for them,
 * so that they really run again.
 */
async function readVariableColumns(
  { before, squashed }: Range,
  state: State,
  shadow: ShadowOptions,
): Promise<VariableColumn[]> {
  const again = await withShadowDatabase(
    shadow,
    before,
    async (session) => {
      await replay(session, squashed)
      return await readRowSums(session, await readShape(session))
    },
    squashed,
  )
  const types = new Map<string, string>(
    [...schemaOf(state.catalog).tables.values()].flatMap((table) =>
      [...table.columns].map(([name, { type }]) => {
        const object = partRef('column', table, name)
        return [objectKey(object), type] as const
      }),
    ),
  )
  return rowDifferences(state.rows, again).map((values) => ({
    values,
    time: /^(?:date|time)/.test(types.get(objectKey(values.object)) ?? ''),
  }))
}

function unnamedSchema(
  { server }: Session,
  migrations: readonly MigrationFile[],
): string | undefined {
  const { schema } = server
  const isNamed = migrations.some(({ sql }) => qualifiesWith(sql, schema))
  return isNamed ? undefined : schema
}

function namingWithout(unnamed: string | undefined, defaultSchema: string): Naming {
  return (ref, name) => {
    const schema = ref ?? defaultSchema
    return schema === unnamed
      ? quoteIdentifier(name)
      : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
  }
}
