import { dialectOf, quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'
import {
  type Catalog,
  type Change,
  type Choice,
  difference,
  type Identities,
  schemaOf,
  type CatalogReader,
  catalogReader,
  readCatalogInTransaction,
  readIdentities,
  replacedObjects,
  type SchemaScript,
  scriptBetween,
} from '../schema/index.ts'
import { replay, type ShadowOptions, withShadowDatabase } from '../shadow/index.ts'
import {
  type Destruction,
  distinctDestructions,
  qualifiedNames,
  unqualified,
  type MigrationFile,
  type Migration,
  parseMigration,
  parserFor,
} from '../statements/index.ts'
import { downBody, downHeader, type DownParts, type Grade } from './down-file.ts'
import { deletesOfInserted } from './inserted-rows.ts'
import { lossesOf, overwrittenColumns } from './loss.ts'
import { restoreNames } from './restore-names.ts'
import { reusedNames } from './reused-names.ts'

/** The down migration of a migration, and the result of its run on a shadow database. */
export interface DownMigration {
  /** The text of a `down.sql`, with comments about choices and losses in its header. */
  readonly sql: string
  readonly statements: number
  /** Decisions that depend on rows or the user: the catalogs do not show them. */
  readonly choices: readonly Choice[]
  /** Data that the migration destroys and that no down migration can restore. */
  readonly losses: readonly Destruction[]
  /** Whether it ran on a shadow database and restored the catalog of the previous state. */
  readonly proven: boolean
  /** Objects that are not restored. */
  readonly notRestored: readonly Change[]
  /** Absent if it does not restore the schema. Never lossless: only a run on rows can show that. */
  readonly grade?: Grade
}

export interface WriteDownMigrationOptions {
  readonly shadow: ShadowOptions
  /** The history without the migration. */
  readonly before: readonly MigrationFile[]
  readonly migration: MigrationFile
}

/**
 * Writes the down migration of a migration from the catalogs before and after it, and proves it on the
 * shadow database. Renames are rolled back as renames. Fails with SHADOW.REPLAY_FAILED if the history
 * or the migration does not run on a shadow database.
 */
export async function writeDownMigration({
  shadow,
  before,
  migration,
}: WriteDownMigrationOptions): Promise<DownMigration> {
  return await withShadowDatabase(
    shadow,
    before,
    async (session) => await downMigrationOn(session, migration),
    [migration],
  )
}

/**
 * Like `writeDownMigration`, on an open shadow database in the state before the migration. A proven down
 * migration leaves it in that state.
 */
export async function downMigrationOn(
  session: Session,
  migration: MigrationFile,
  catalogs: CatalogReader = catalogReader(session),
): Promise<DownMigration> {
  const before = { catalog: await catalogs.whole(), identities: await readIdentities(session) }
  const parsed = parseMigration(migration, await parserFor(dialectOf(session)))
  await replay(session, [parsed])
  const draft = await draftDownMigration(session, {
    before,
    after: () => catalogs.whole(),
    migration: parsed,
  })
  const { parts, body, obstacle: draftObstacle } = draft
  const { losses, choices, deletes, renames, statements: inverse } = parts
  const outcome: RunOutcome =
    draftObstacle === undefined
      ? await runDown(
          session,
          { before, after: draft.after, catalogs },
          { name: `${migration.name}/down.sql`, sql: body },
        )
      : { kind: 'fails', reason: draftObstacle }
  const proven = outcome.kind === 'proven'
  const notRestored = outcome.kind === 'incomplete' ? outcome.changes : []
  const obstacle = outcome.kind === 'fails' ? outcome.reason : undefined
  const grade = gradeWithoutRows(outcome, losses)
  return {
    sql: [downHeader(parts, { grade, notRestored, obstacle }), body].filter(Boolean).join('\n'),
    statements: deletes.length + renames.length + inverse.length,
    choices,
    losses,
    proven,
    notRestored,
    ...(grade === undefined ? {} : { grade }),
  }
}

interface DraftDownMigration {
  readonly parts: DownParts
  readonly body: string
  /** The identities after the migration. */
  readonly after: Identities
  /** Why no down migration could be written. */
  readonly obstacle?: string
}

/** A state of a shadow database: its objects by name, and their identities. */
export interface KnownState {
  readonly catalog: Catalog
  readonly identities: Identities
}

interface DraftOptions {
  readonly before: KnownState
  /** Reads the current catalog of the shadow database. */
  readonly after: () => Promise<Catalog>
  readonly migration: Migration
}

/**
 * Writes the down migration on a shadow database where the migration has just run, and leaves that database
 * unchanged.
 */
export async function draftDownMigration(
  session: Session,
  { before, after: current, migration }: DraftOptions,
): Promise<DraftDownMigration> {
  const { statements } = migration
  const { catalog: to, identities } = before
  const schema = schemaOf(to)
  const { renames, named, after } = await withOldNames(session, identities, current)
  const known = { schema, identities }
  const losses = distinctDestructions([
    ...lossesOf({
      before: known,
      after: { schema: schemaOf(named.catalog), identities: named.identities },
      statements,
    }),
    ...overwrittenColumns(schema, statements),
  ])
  const reused = reusedNames(identities, named.identities, statements)
  const script = await attempt(async () =>
    scriptBetween(named.catalog, to, { owner: session.server.user, retaken: reused }),
  )
  const { statements: changes, choices }: SchemaScript = script.ok
    ? script.value
    : { statements: [], choices: [] }
  const inverse = losses.length > 0 ? [...changes, ...(await usesOfValues(changes))] : changes
  const deletes = await deletesOfInserted(session, statements, schema)
  const parts = { migration, deletes, renames, statements: inverse, losses, choices }
  if (!script.ok) {
    const { why, message } = script.failure
    return { parts, after, body: '', obstacle: why ?? message }
  }
  return { parts, after, body: portableBody(parts, to.defaultSchema) }
}

/**
 * Statements that use the values that a script adds to enums, so that the values are committed before rows
 * that need them are restored.
 */
async function usesOfValues(
  script: SchemaScript['statements'],
): Promise<SchemaScript['statements']> {
  const added = script.filter(({ sql }) => sql.includes('ADD VALUE'))
  if (added.length === 0) return []
  const parser = await parserFor('postgres')
  const { statements } = parseMigration(
    { name: 'script', sql: added.map(({ sql }) => `${sql};`).join('\n') },
    parser,
  )
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      if (action.kind !== 'add-enum-value') return []
      const { schema, name } = action.type
      const type = [schema, name]
        .filter((part) => part !== undefined)
        .map(quoteIdentifier)
        .join('.')
      const sql = `SELECT ${quoteLiteral(action.value)}::${type}`
      return [{ sql, alone: false, destructive: false }]
    }),
  )
}

/**
 * Reads the state in which all earlier objects have their old names, in a transaction that is rolled back.
 */
async function withOldNames(
  session: Session,
  before: Identities,
  current: () => Promise<Catalog>,
): Promise<{
  readonly renames: readonly string[]
  readonly named: KnownState
  readonly after: Identities
}> {
  let after: Identities
  await session.execute('BEGIN')
  try {
    after = await readIdentities(session)
    const { statements, identities } = await restoreNames(session, before)
    if (statements.length > 0) {
      const catalog = await readCatalogInTransaction(session)
      return { renames: statements, named: { catalog, identities }, after }
    }
    after = identities
  } finally {
    await session.execute('ROLLBACK')
  }
  return { renames: [], named: { catalog: await current(), identities: after }, after }
}

/**
 * The body of a down migration for every target, whatever its default schema: a name is qualified with the
 * default schema only if the migration itself qualifies it.
 */
function portableBody(parts: DownParts, defaultSchema: string): string {
  const keeps = qualifiedNames(parts.migration.sql, defaultSchema)
  return downBody(parts, (sql) => unqualified(sql, defaultSchema, keeps))
}

function gradeWithoutRows({ kind }: RunOutcome, losses: readonly Destruction[]): Grade | undefined {
  if (kind === 'fails') return 'irreversible'
  if (kind === 'incomplete') return undefined
  // This run had no rows, so it does not prove `lossless`.
  return losses.length > 0 ? 'lossy' : 'not proven'
}

/** What a run of a down migration without rows shows. */
type RunOutcome =
  | { readonly kind: 'proven' }
  | { readonly kind: 'incomplete'; readonly changes: readonly Change[] }
  | { readonly kind: 'fails'; readonly reason: string }

interface DownRun {
  readonly before: KnownState
  readonly after: Identities
  readonly catalogs: CatalogReader
}

async function runDown(
  session: Session,
  { before, after, catalogs }: DownRun,
  down: MigrationFile,
): Promise<RunOutcome> {
  const run = await attempt(() => replay(session, [down]))
  if (!run.ok) return { kind: 'fails', reason: run.failure.server?.message ?? run.failure.message }
  const changes = [
    ...difference(before.catalog, await catalogs.facts()),
    ...(await replacedObjects(session, { before: before.identities, after })),
  ]
  return changes.length === 0 ? { kind: 'proven' } : { kind: 'incomplete', changes }
}
