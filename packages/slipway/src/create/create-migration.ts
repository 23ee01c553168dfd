import type { Address, Session } from '../database/index.ts'
import { type DownMigration, downMigrationOn, withGrade } from '../down/index.ts'
import { listsExtensions, type SchemaFile, schemaToSql } from '../engine/index.ts'
import { attempt, command, type Failure, rethrow } from '../kernel/index.ts'
import { migrationPaths, type MigrationsLayout } from '../project/index.ts'
import { gradeOf, type OnShadow, type Proof, prove } from '../proof/index.ts'
import { type CatalogReader, catalogReader } from '../schema/index.ts'
import { type ShadowOptions, withShadowDatabase } from '../shadow/index.ts'
import { checksum, type MigrationFile, parserFor, type Statement } from '../statements/index.ts'
import { type AskRenames, type Draft, draftMigration, type ExternalObjects } from './draft.ts'
import { raise } from './failures.ts'
import type { KeptObject, LostObject } from './keep-inexpressible.ts'
import { folderName, isAheadOf, writeMigrationFolder } from './migration-folder.ts'
import { nameOf } from './migration-name.ts'

/** What `create` needs to know about a project, and what the user asked for. */
export interface CreateRequest {
  readonly files: readonly SchemaFile[]
  readonly migrationsDir: string
  /** `folders` if absent. */
  readonly layout?: MigrationsLayout | undefined
  /** The project's migrations, in their order. */
  readonly history: readonly MigrationFile[]
  readonly shadow: ShadowOptions
  readonly filter?: ExternalObjects | undefined
  /** As the user wrote it; the folder's name is made from it. If absent, the changes suggest a name. */
  readonly name?: string | undefined
  /** Decides on a name if none is given; receives the one that the changes suggest. */
  readonly chooseName?: ((suggested: string) => Promise<string>) | undefined
  readonly now: Date
  /** `--rename` flags: `User.name=fullName`, `OldModel=NewModel`, `Status.OLD=NEW`. */
  readonly renames?: readonly string[] | undefined
  /** Everything that is not named in `renames` is a drop and an addition, without a question. */
  readonly noRename?: boolean | undefined
  /** Write a migration, to be filled in by hand, even if nothing differs. */
  readonly allowEmpty?: boolean | undefined
}

/** What `create` did. */
export type CreateOutcome =
  /** The history already leads to the schema. */
  | ({ readonly kind: 'nothing-to-do' } & Pick<Draft, 'kept' | 'notKept'>)
  | {
      readonly kind: 'written'
      /** The folder's name. */
      readonly name: string
      /** The time in its name is in the future, because it follows a migration with such a time. */
      readonly ahead: boolean
      /** The path of `migration.sql`. */
      readonly path: string
      readonly sql: string
      readonly statements: number
      readonly kept: readonly KeptObject[]
      readonly notKept: readonly LostObject[]
      /**
       * The `down.sql`; absent for an empty migration, whose down migration is written once its SQL is known.
       */
      readonly down?: DownMigration & {
        readonly path: string
        /** The result of a test run on rows; absent if the down migration fails even on empty tables. */
        readonly proof?: Proof
      }
    }

/**
 * Writes a migration from the history to the schema, and its proven down migration. `ask` decides which pairs
 * of a drop and an addition are renames. Fails with CREATE.RENAME_UNDECIDED if there is such a pair but no
 * `ask`, and with CREATE.SQL_REFUSED if the database rejects the SQL. Files are written last: a failure does
 * not change the project.
 */
export async function createMigration(
  options: CreateRequest,
  ask?: AskRenames,
): Promise<CreateOutcome> {
  const {
    files,
    migrationsDir,
    layout = 'folders',
    shadow,
    history,
    renames = [],
    noRename = false,
    allowEmpty = false,
  } = options
  // An unusable name is refused before any work is done.
  if (options.name !== undefined) folderName(options.name, { ...options, layout })
  const upcoming = await extensionsOf(files)
  return await withShadowDatabase(
    shadow,
    history,
    async (session, address): Promise<CreateOutcome> => {
      const catalogs = catalogReader(session)
      const { sql, kept, notKept } = await draftMigration(session, {
        files,
        filter: options.filter,
        renames,
        name: options.name ?? 'change',
        noRename,
        ask,
        catalogs,
      })
      if (sql === '' && !allowEmpty) return { kind: 'nothing-to-do', kept, notKept }
      const statements = (await parserFor(shadow.dialect)).parse(sql)
      const { chosen, name } = await chooseFolder(options, statements)
      const ahead = isAheadOf(options.now, name)
      const folder = { migrationsDir, layout, name, dialect: shadow.dialect, history }
      const { path: file, downPath } = migrationPaths(folder, name)
      if (sql === '') {
        const empty = '-- This is an empty migration.'
        await writeMigrationFolder(folder, { 'migration.sql': empty, 'down.sql': undefined })
        return {
          kind: 'written',
          name,
          ahead,
          path: file,
          sql: empty,
          statements: 0,
          kept,
          notKept,
        }
      }
      const written = await attempt(() =>
        downMigrationOn(session, { name, sql, path: file }, catalogs),
      )
      if (!written.ok) return refuseSql(written.failure, chosen)
      const open = { session, address, catalogs }
      const { down, proof } = written.value.proven
        ? await proveWritten(open, { name, sql, down: written.value }, options)
        : { down: written.value, proof: undefined }
      await writeMigrationFolder(folder, { 'migration.sql': sql, 'down.sql': down.sql })
      return {
        kind: 'written',
        name,
        ahead,
        path: file,
        sql,
        statements: statements.length,
        kept,
        notKept,
        down: { ...down, path: downPath, ...(proof && { proof }) },
      }
    },
    upcoming,
  )
}

/** SQL that creates the extensions that the schema lists: a shadow database must have them available. */
async function extensionsOf(files: readonly SchemaFile[]): Promise<MigrationFile[]> {
  return listsExtensions(files)
    ? [{ name: 'schema.prisma', sql: (await schemaToSql(files)).sql }]
    : []
}

/** Chooses the words of a new migration's name, and the name of its folder. */
async function chooseFolder(
  { name, chooseName, now, history, layout = 'folders' }: CreateRequest,
  statements: readonly Statement[],
): Promise<{ readonly chosen: string; readonly name: string }> {
  const suggested = name ?? nameOf(statements)
  const chosen = name === undefined && chooseName ? await chooseName(suggested) : suggested
  return { chosen, name: folderName(chosen, { now, history, layout }) }
}

/** Prisma may write names and types that a database rejects: such SQL is not written to a file. */
function refuseSql(failure: Failure, name: string): never {
  if (failure.code !== 'SHADOW.REPLAY_FAILED') rethrow(failure)
  const { why, where, server, sqlite } = failure
  return raise('CREATE.SQL_REFUSED', {
    message:
      'The database refuses the SQL that Prisma writes for this change. Nothing was written.',
    ...(why === undefined ? {} : { why }),
    ...(where?.excerpt === undefined ? {} : { where: { excerpt: where.excerpt } }),
    ...(server === undefined ? {} : { server }),
    ...(sqlite === undefined ? {} : { sqlite }),
    nextActions: [
      command(['create', name, '--empty'], 'write an empty migration, and its SQL by hand'),
    ],
  })
}

/** An open shadow database. */
interface OpenShadow {
  readonly session: Session
  readonly address: Address | undefined
  readonly catalogs: CatalogReader
}

interface Written {
  readonly name: string
  readonly sql: string
  readonly down: DownMigration
}

/**
 * Proves the migration, first on the same shadow database, which has the state before it, then on new ones.
 * The proof grades the down migration.
 */
async function proveWritten(
  { session, address, catalogs }: OpenShadow,
  { name, sql, down }: Written,
  { shadow, history }: CreateRequest,
): Promise<{ readonly down: DownMigration; readonly proof: Proof }> {
  const migration = { name, sql }
  let fresh = false
  const onShadow: OnShadow = async (work) => {
    if (fresh) return await withShadowDatabase(shadow, history, work, [migration])
    fresh = true
    return await work(session, address)
  }
  const proof = await prove(shadow.dialect, onShadow, {
    migration,
    down: { name: `${name}/down.sql`, sql: down.sql },
    catalogs: async (on) => (on === session ? catalogs : catalogReader(on)),
  })
  const grade = gradeOf(proof) ?? 'not proven'
  const graded = withGrade(down.sql, grade)
  return {
    down: { ...down, sql: graded, grade },
    proof: { ...proof, checksums: { ...proof.checksums, down: checksum(graded) } },
  }
}
