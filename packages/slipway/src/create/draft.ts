import { dialectOf, type Session } from '../database/index.ts'
import { renamed } from '../down/index.ts'
import { inverse, type Rename, renameSql } from '../down/index.ts'
import { runIfAccepted } from '../down/index.ts'
import { diffToSchema, hasPreviewFeature, type SchemaFile } from '../engine/index.ts'
import { advice, command } from '../kernel/index.ts'
import { schemaNames, type SchemaNames } from '../project/index.ts'
import type { CatalogReader, DatabaseSchema } from '../schema/index.ts'
import { type Action, objectText, parserFor, type Statement } from '../statements/index.ts'
import { draftDialectOf } from './dialects.ts'
import { raise } from './failures.ts'
import type { KeptObject, LostObject } from './keep-inexpressible.ts'
import { type RenameCandidate, renameCandidates } from './rename-candidates.ts'
import { resolveRenames } from './rename-flags.ts'

/** Tables and enums that Prisma is configured to ignore. */
export type ExternalObjects = NonNullable<Parameters<typeof diffToSchema>[0]['filter']>

/** Decides which candidates are renames: returns their flags, or others of the same form. */
export type AskRenames = (candidates: readonly RenameCandidate[]) => Promise<readonly string[]>

export interface DraftOptions {
  readonly files: readonly SchemaFile[]
  readonly filter?: ExternalObjects | undefined
  /** `--rename` flags. */
  readonly renames: readonly string[]
  /** The name of the migration as the user gave it, for suggested commands. */
  readonly name: string
  /** Nothing is a rename unless `renames` names it. */
  readonly noRename: boolean
  readonly ask?: AskRenames | undefined
  /** The catalogs of the shadow database. */
  readonly catalogs: CatalogReader
}

/** The SQL of a migration before it is written. `sql` is empty if there is nothing to do. */
export interface Draft {
  readonly sql: string
  readonly kept: readonly KeptObject[]
  readonly notKept: readonly LostObject[]
}

/**
 * Writes the SQL from the state of a shadow database to the schema: Prisma's own SQL, preceded by the chosen
 * renames, without the drops that would destroy objects that the schema cannot express.
 * The shadow database is unchanged. Fails with CREATE.RENAME_UNKNOWN and CREATE.RENAME_UNDECIDED.
 */
export async function draftMigration(session: Session, options: DraftOptions): Promise<Draft> {
  const dialect = await draftDialectOf(session)
  const diff = async () => {
    const filter = options.filter ? { filter: options.filter } : {}
    const { sql } = await diffToSchema({ session, files: options.files, ...filter })
    return await dialect.makeRunnable(sql, session)
  }
  const parser = await parserFor(dialectOf(session))
  const mayRename = (text: string) => !options.noRename && dropsAndAdds(parser.parse(text))
  const first = options.renames.length === 0 ? await diff() : undefined
  if (first === '' || (first !== undefined && !mayRename(first)))
    return await finish(session, first, [], options)
  const renames: Rename[] = []
  const names = schemaNames(options.files, session.server.schema)
  let schema = await dialect.readSchema(session, options.catalogs)
  let flags = options.renames
  const asked = new Set<string>()
  let sql = first ?? ''
  try {
    for (;;) {
      for (const rename of resolveRenames(flags, { schema, names })) {
        await session.execute(renameSql(rename, true))
        renames.push(rename)
        schema = renamed(schema, rename)
      }
      if (flags.length > 0) sql = await diff()
      const candidates = mayRename(sql) ? await candidatesOf(session, sql, { schema, names }) : []
      const open = candidates.filter(({ flag }) => !asked.has(flag))
      flags = await decide(open, options)
      for (const { flag } of open) asked.add(flag)
      if (flags.length === 0) return await finish(session, sql, renames, options)
    }
  } finally {
    for (const rename of renames.toReversed())
      await session.execute(renameSql(inverse(rename), true))
  }
}

/** Whether there is a drop and an addition, which could be a rename; most migrations drop nothing. */
function dropsAndAdds(statements: readonly Statement[]): boolean {
  const actions = statements.flatMap((statement) => statement.actions)
  const isDrop = (action: Action) =>
    action.kind === 'drop-column' ||
    (action.kind === 'drop' && (action.of === 'table' || action.of === 'type'))
  const isAdd = ({ kind }: Action) =>
    kind === 'add-column' || kind === 'create-table' || kind === 'create-enum'
  return actions.some(isDrop) && actions.some(isAdd)
}

async function candidatesOf(
  session: Session,
  sql: string,
  { schema, names }: { schema: DatabaseSchema; names: SchemaNames },
): Promise<RenameCandidate[]> {
  const dialect = await draftDialectOf(session)
  const { parse } = await parserFor(dialectOf(session))
  const statements = parse(await dialect.withoutFixedDrops(sql, session))
  const before = await dialect.selectRenamable(schema, session)
  await session.execute('BEGIN')
  try {
    for (const { text, role } of statements) {
      // A statement that needs a commit before it is not part of a rename: it may fail here.
      if (role.kind !== 'begin' && role.kind !== 'commit') await runIfAccepted(session, text)
    }
    const after = await dialect.readSchemaInTransaction(session)
    return renameCandidates(before, await dialect.selectRenamable(after, session), names)
  } finally {
    await session.execute('ROLLBACK')
  }
}

async function decide(
  candidates: readonly RenameCandidate[],
  { ask, renames, name }: DraftOptions,
): Promise<readonly string[]> {
  if (candidates.length === 0) return []
  if (ask) return await ask(candidates)
  const given = ['create', name, ...renames.flatMap((flag) => ['--rename', flag])]
  return raise('CREATE.RENAME_UNDECIDED', {
    message: `${candidates.map(({ from, to }) => `${from} → ${to}`).join(', ')}: is this a rename, or a drop and an addition?`,
    why: 'A drop destroys the data that a rename would keep, and there is no terminal for a prompt.',
    nextActions: [
      ...candidates.map(({ flag }) =>
        command([...given, '--rename', flag], 'it is a rename: the data is kept'),
      ),
      command([...given, '--no-rename'], 'it is not a rename: the old data is dropped'),
      advice('--rename can be given more than once.'),
    ],
  })
}

async function finish(
  session: Session,
  engineSql: string,
  renames: readonly Rename[],
  { files }: DraftOptions,
): Promise<Draft> {
  const partialIndexes = hasPreviewFeature(files, 'partialIndexes')
  const dialect = await draftDialectOf(session)
  const { sql, kept, notKept } = await dialect.keepInexpressible(engineSql, {
    session,
    partialIndexes,
  })
  const { qualified } = schemaNames(files, session.server.schema)
  const paragraphs = renames.map(
    (rename) => `-- ${titleOf(rename)}\n${renameSql(rename, qualified)};\n`,
  )
  if (sql.trim() !== '') paragraphs.push(sql)
  if (paragraphs.length === 0) return { sql: '', kept, notKept }
  const notes = kept.map(
    ({ object, reason }) => `-- slipway: kept ${objectText(object)} (${reason})\n`,
  )
  return {
    sql: [...paragraphs, ...(notes.length > 0 ? [notes.join('')] : [])].join('\n'),
    kept,
    notKept,
  }
}

/** The comment above a rename, in the style of Prisma's own comments. */
function titleOf({ kind }: Rename): string {
  switch (kind) {
    case 'table':
      return 'RenameTable'
    case 'column':
      return 'RenameColumn'
    case 'type':
      return 'RenameEnum'
    case 'enum-value':
      return 'RenameEnumValue'
    case 'index':
      return 'RenameIndex'
    case 'constraint':
      return 'RenameConstraint'
  }
}
