import { creationOf } from '../create/index.ts'
import { withoutAttributes } from '../safekeeping/index.ts'
import { scriptBetween } from '../schema/index.ts'
import { destructionText, type StatementParser, unqualified } from '../statements/index.ts'
import { raise } from './failures.ts'
import { joinSql } from './join-migrations.ts'
import type { OriginalResult } from './original-result.ts'
import type { Range } from './range.ts'
import { afterRows } from './rows.ts'

/**
 * How the SQL is generated. `catalog`: from the schema after the migrations, with the rows that they
 * wrote. `joined`: their statements one after the other.
 */
export type SquashForm = 'catalog' | 'joined'

/** The forms that a squash of this range can have, the better one first. */
export function formsOf({ before }: Range): readonly SquashForm[] {
  // After other migrations there may be rows, to which the squash must do the same as each of its
  // migrations.
  return before.length === 0 ? ['catalog', 'joined'] : ['joined']
}

/**
 * The SQL of a squash without its header; `settings` are commands at its end. Fails with SQUASH.DIFFERS
 * if the form is not possible.
 */
export function bodyOf(
  form: SquashForm,
  original: OriginalResult,
  {
    range,
    parser,
    settings,
  }: {
    readonly range: Range
    readonly parser: StatementParser
    readonly settings: readonly string[]
  },
): string {
  if (form === 'joined') return joinSql(range.squashed, parser)
  refuseInexpressible(original)
  const { from, state, rows, naming, unnamed } = original
  const script = scriptBetween(from, state.catalog, { owner: state.owner })
  const { tables, rowGuards } = creationOf(
    script.statements.map(({ sql }) => sql),
    state.catalog.columnOrder,
    parser,
  )
  const plain = (sql: string) => (unnamed === undefined ? sql : unqualified(sql, unnamed))
  const statements = [
    ...tables.map(plain),
    ...rows.flatMap((table) => table.statements),
    ...afterRows(state, naming, rows.length > 0),
    ...rowGuards.map(plain),
    ...settings.map(plain),
  ]
  return statements.map((sql) => `${sql};\n`).join('\n')
}

function refuseInexpressible({ state, variableColumns }: OriginalResult): void {
  const made = variableColumns
    .filter(({ time }) => !time)
    .map(({ values }) => destructionText(values))
  if (made.length > 0) {
    // A key or a secret that each database generates must not become the same in all databases.
    raise('SQUASH.DIFFERS', { message: `Each run generates different values in ${named(made)}` })
  }
  const unmodelled = withoutAttributes(state.catalog.unmodelled)
  if (unmodelled.length > 0)
    raise('SQUASH.DIFFERS', {
      message: `Slipway cannot read the complete definition of ${named(unmodelled)}`,
    })
}

/** A list of objects, for the end of a sentence. */
export function named(objects: readonly string[]): string {
  const more = objects.length > 5 ? ` and ${objects.length - 5} more` : ''
  return `${objects.slice(0, 5).join(', ')}${more}.`
}
