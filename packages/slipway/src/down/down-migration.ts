import { quoteIdentifier, dialectOf, type Session } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'
import {
  type Catalog,
  type Change,
  type Choice,
  difference,
  type DatabaseSchema,
  schemaOf,
  type CatalogReader,
  catalogReader,
  readCatalogInTransaction,
  type SchemaScript,
  scriptBetween,
} from '../schema/index.ts'
import { replay, type ShadowOptions, withShadowDatabase } from '../shadow/index.ts'
import {
  type Destruction,
  distinctDestructions,
  qualifiedNames,
  type Statement,
  unqualified,
  type MigrationFile,
  type Migration,
  parseMigration,
  parserFor,
} from '../statements/index.ts'
import { downBody, downHeader, type DownParts, type Grade } from './down-file.ts'
import { deletesOfInserted } from './inserted-rows.ts'
import { type LossOptions, lossesOf, overwrittenColumns } from './loss.ts'
import { inverse, moveToDefaultSql, type NameChange, readNameChange, renameSql } from './rename.ts'
import { hasSubject, renamed } from './subject.ts'

/** The down migration of a migration, and what a run of it on a shadow database showed. */
export interface DownMigration {
  /** The text of a `down.sql`, with comments about choices and losses at its head. */
  readonly sql: string
  readonly statements: number
  /** What rows or a person must decide: the catalogs cannot. */
  readonly choices: readonly Choice[]
  /** Data that the migration destroys and that no down migration brings. */
  readonly losses: readonly Destruction[]
  /** It ran on a shadow database, and the catalog there was that of the state before. */
  readonly proven: boolean
  /** Objects that are not restored. */
  readonly notRestored: readonly Change[]
  /** Absent if it does not restore the schema. Never lossless: only a run on rows shows that. */
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
    async (session) => await downMigrationOn(session, catalogReader(session), migration),
    [migration],
  )
}

/** The same on a shadow database that is open already and holds the state before; a proven down migration leaves it so. */
export async function downMigrationOn(
  session: Session,
  catalogs: CatalogReader,
  migration: MigrationFile,
): Promise<DownMigration> {
  const before = await catalogs.whole()
  const parsed = parseMigration(migration, await parserFor(dialectOf(session)))
  await replay(session, [parsed])
  const draft = await draftDownMigration(session, {
    before,
    after: () => catalogs.whole(),
    migration: parsed,
  })
  const { parts, body, obstacle: draftObstacle } = draft
  const { losses, choices, deletes, renames, statements: back } = parts
  const proof =
    draftObstacle === undefined
      ? await prove(
          session,
          { before, catalogs },
          { name: `${migration.name}/down.sql`, sql: body },
        )
      : { kind: 'fails' as const, reason: draftObstacle }
  const proven = proof.kind === 'proven'
  const notRestored = proof.kind === 'incomplete' ? proof.changes : []
  const obstacle = proof.kind === 'fails' ? proof.reason : undefined
  const grade = gradeOf(proof, losses)
  return {
    sql: [downHeader(parts, { grade, notRestored, obstacle }), body].filter(Boolean).join('\n'),
    statements: deletes.length + renames.length + back.length,
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
  /** Why no down migration could be written. */
  readonly obstacle?: string
}

interface DraftOptions {
  readonly before: Catalog
  /** The catalog of the shadow database as it is. */
  readonly after: () => Promise<Catalog>
  readonly migration: Migration
}

/** Writes the down migration on a shadow database where the migration has just been run, and leaves the shadow database so. */
export async function draftDownMigration(
  session: Session,
  { before, after: current, migration }: DraftOptions,
): Promise<DraftDownMigration> {
  const { statements } = migration
  const schema = schemaOf(before)
  const { defaultSchema } = before
  const { renames, catalog } = await revertRenames(session, statements, schema)
  const after = catalog ?? (await current())
  const lost = lossesOf({
    before: schema,
    after: schemaOf(after),
    statements,
  })
  const overwritten = overwrittenColumns(schema, statements)
  const losses = distinctDestructions([...lost, ...overwritten])
  const script = await attempt(async () => scriptBetween(after, before, session.server.user))
  const { statements: back, choices }: SchemaScript = script.ok
    ? script.value
    : { statements: [], choices: [] }
  const deletes = await deletesOfInserted(session, statements, schema)
  const parts = { migration, deletes, renames, statements: back, losses, choices }
  if (!script.ok) return { parts, body: '', obstacle: script.failure.why ?? script.failure.message }
  return { parts, body: portableBody(parts, defaultSchema) }
}

/**
 * The body of a down migration for every target, whatever the default schema there: a name has the default schema
 * only where the migration itself writes it so.
 */
function portableBody(parts: DownParts, defaultSchema: string): string {
  const keeps = qualifiedNames(parts.migration.sql, defaultSchema)
  return downBody(parts, (sql) => unqualified(sql, defaultSchema, keeps))
}

function gradeOf(proof: Proof, losses: readonly Destruction[]): Grade | undefined {
  if (proof.kind === 'fails') return 'irreversible'
  if (proof.kind === 'incomplete') return undefined
  // No rows were there.
  return losses.length > 0 ? 'lossy' : 'not proven'
}

type Proof =
  | { readonly kind: 'proven' }
  | { readonly kind: 'incomplete'; readonly changes: readonly Change[] }
  | { readonly kind: 'fails'; readonly reason: string }

async function prove(
  session: Session,
  { before, catalogs }: { readonly before: Catalog; readonly catalogs: CatalogReader },
  down: MigrationFile,
): Promise<Proof> {
  const run = await attempt(() => replay(session, [down]))
  if (!run.ok) return { kind: 'fails', reason: run.failure.server?.message ?? run.failure.message }
  const changes = difference(before, await catalogs.facts())
  return changes.length === 0 ? { kind: 'proven' } : { kind: 'incomplete', changes }
}

interface RenamesBack {
  /** The statements that begin the down migration, in its order. */
  readonly renames: readonly string[]
  /** The catalog once they are made; absent if there are none. */
  readonly catalog?: Catalog
}

/**
 * Tests the inverses of the migration's renames, in a transaction that leaves nothing, and of its
 * moves to another schema: two catalogs alone show them as a drop and an add. A rename counts if
 * its subject existed before and its inverse works now. So the swaps by which a table or
 * an enum is rebuilt under its old name do not count.
 */
async function revertRenames(
  session: Session,
  statements: readonly Statement[],
  before: DatabaseSchema,
): Promise<RenamesBack> {
  const made: NameChange[] = []
  let schema = before
  for (const statement of statements) {
    const rename = readNameChange(statement, session.server.schema)
    if (!rename || !hasSubject(schema, rename)) continue
    made.push(rename)
    schema = renamed(schema, rename)
  }
  if (made.length === 0) return { renames: [] }
  await session.execute('BEGIN')
  try {
    const renames: string[] = []
    for (const rename of made.toReversed().map(inverse))
      renames.push(...(await tryToRevert(session, rename)))
    return renames.length === 0
      ? { renames }
      : { renames, catalog: await readCatalogInTransaction(session) }
  } finally {
    await session.execute('ROLLBACK')
  }
}

/** The statements that make a change, once they have been run; none where the server refuses them. */
async function tryToRevert(session: Session, change: NameChange): Promise<string[]> {
  const home = change.kind === 'move' && change.to === session.server.schema
  const sql = home ? moveToDefaultSql(change) : renameSql(change, true)
  if (await runsOnTrial(session, sql)) return [sql]
  if (change.kind !== 'move') return []
  // The schema that it came from may be gone.
  const withSchema = [`CREATE SCHEMA ${quoteIdentifier(change.to)}`, sql]
  return (await runsOnTrial(session, withSchema.join(';'))) ? withSchema : []
}

/** `lossesOf` for a state after that has its own names: what was renamed is looked up under its old name. */
export function lossesAfter(options: LossOptions): Destruction[] {
  let { after } = options
  for (const statement of options.statements.toReversed()) {
    const rename = readNameChange(statement, options.before.defaultSchema)
    if (rename && hasSubject(after, inverse(rename))) after = renamed(after, inverse(rename))
  }
  return lossesOf({ ...options, after })
}

/** Runs a statement inside the open transaction. One that the server refuses leaves nothing. */
export async function runsOnTrial(session: Session, sql: string): Promise<boolean> {
  await session.execute('SAVEPOINT slipway_trial')
  const { ok } = await attempt(() => session.execute(sql))
  await session.execute(
    ok ? 'RELEASE SAVEPOINT slipway_trial' : 'ROLLBACK TO SAVEPOINT slipway_trial',
  )
  return ok
}
