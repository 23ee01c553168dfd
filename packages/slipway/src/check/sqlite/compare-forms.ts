import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt, type Result, rethrow } from '../../kernel/index.ts'
import { type Fingerprint, readFingerprint, readRowTables } from '../../schema/index.ts'
import { fillSqliteTables, replay, type RowStyle, withShadowDatabase } from '../../shadow/index.ts'
import { objectOfKey, objectText } from '../../statements/index.ts'
import type { FixedMigration, FixRequest } from '../fix.ts'
import { raiseDifferent } from '../raise-different.ts'

/** Edge cases find the most differences. New constraints may reject them, so plain rows and none follow. */
const STYLES: readonly RowStyle[] = ['edge', 'plain', 'none']

/**
 * Runs both forms of a SQLite migration on generated rows of several styles. Fails with CHECK.FIX_DIFFERS if
 * they produce different schemas or rows, and with the failure of the new form if only that fails.
 */
export async function compareSqliteForms(
  fixed: FixedMigration,
  request: FixRequest,
): Promise<void> {
  let first: Result<RunState> | undefined
  let runs = 0
  for (const style of STYLES) {
    const original = await attempt(() => runForm(intendedOriginal(fixed, request), style, request))
    const rewritten = await attempt(() => runForm(fixed, style, request))
    first ??= original
    if (rewritten.ok) runs++
    if (original.ok && !rewritten.ok) rethrow(rewritten.failure)
    if (!original.ok || !rewritten.ok) continue
    const different = differences(original.value, rewritten.value)
    if (different.length === 0) continue
    // Values from the clock or random functions also differ between two runs of the original.
    const again = await runForm(intendedOriginal(fixed, request), style, request)
    const random = differences(original.value, again)
    const real = different.filter((one) => !random.includes(one))
    if (real.length > 0) raiseDifferent(fixed, real)
  }
  if (runs === 0 && first?.ok === false) rethrow(first.failure)
}

interface Form {
  readonly name: string
  readonly path: string
  readonly sql: string
}

/**
 * The original as its author intended it: where the new form protects foreign keys, or objects that name a
 * table, the original runs with these checks off, so that only other differences count.
 */
function intendedOriginal(
  { name, path, rewritten }: FixedMigration,
  { migrations }: FixRequest,
): Form {
  const { sql = '' } = migrations.find((one) => one.name === name) ?? {}
  const has = (...ids: readonly string[]) => rewritten.some(({ id }) => ids.includes(id))
  const keys = has('rebuild-cascades', 'rebuild-keys-enforced', 'rebuild-renames-first')
  const names = has('rebuild-under-view', 'rebuild-renames-first')
  return {
    name,
    path,
    sql: `${keys ? 'PRAGMA foreign_keys = OFF;\n' : ''}${names ? 'PRAGMA legacy_alter_table = ON;\n' : ''}${sql.replace(/^\uFEFF/, '')}`,
  }
}

/** A database before and after a migration. */
interface RunState {
  readonly before: Fingerprint
  readonly after: Fingerprint
  /** All rows of each table, as SQL. */
  readonly rows: ReadonlyMap<string, readonly string[]>
}

async function runForm(
  form: Form,
  style: RowStyle,
  { shadow, migrations }: FixRequest,
): Promise<RunState> {
  const place = migrations.findIndex(({ name }) => name === form.name)
  return await withShadowDatabase(shadow, migrations.slice(0, place), async (session) => {
    await fillSqliteTables(session, { style })
    const before = await readFingerprint(session)
    await replay(session, [form])
    return { before, after: await readFingerprint(session), rows: await readRows(session) }
  })
}

async function readRows(session: Session): Promise<Map<string, readonly string[]>> {
  const all = new Map<string, readonly string[]>()
  for (const { name, columns } of await readRowTables(session)) {
    const values = columns
      .map((column) => column.name)
      .toSorted()
      .map((column) => `quote(${quoteIdentifier(column)})`)
    const { rows } = await session.queryRaw(
      `SELECT ${values.join(', ')} FROM ${quoteIdentifier(name)}`,
    )
    all.set(name, rows.map((row) => JSON.stringify(row)).toSorted())
  }
  return all
}

/** The differences as text. Ignores objects that the original lost and the new form keeps unchanged. */
function differences(original: RunState, rewritten: RunState): string[] {
  const [one, other] = [original.after.objects, rewritten.after.objects]
  const objects = [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((key) => one[key] !== other[key])
    .filter((key) => one[key] !== undefined || other[key] !== original.before.objects[key])
    .map((key) => objectText(objectOfKey(key)))
  const tables = [...original.rows].flatMap(([name, rows]) => {
    const others = rewritten.rows.get(name)
    return others === undefined || rows.join('\n') === others.join('\n') ? [] : [`rows of ${name}`]
  })
  return [...objects, ...tables]
}
