import { existsSync } from 'node:fs'
import path from 'node:path'
import { locate, type Session } from '../database/index.ts'
import { compareHistory, readHistory } from '../history/index.ts'
import {
  belongs,
  type DataFormat,
  type FileChange,
  planSync,
  type PreparedFiles,
  prepareFiles,
  projectNames,
  projectSeedSets,
  seedFolders,
  type SeedSet,
  type Side,
  type SyncPlan,
} from '../seeds/index.ts'
import type { AppContext } from './context.ts'
import { refuseUnwritable } from './failures.ts'
import { environmentSeeds, loadLimits } from './seed.ts'
import type { Work } from './work.ts'

/** Which rows are copied, and to which files. */
export interface RowOptions {
  /** At least one. */
  readonly tables: readonly string[]
  /** Columns of the natural keys of tables that no set names. */
  readonly keys?: Readonly<Record<string, readonly string[]>> | undefined
  /** Columns that must not be copied, in addition to those that a set marks: `table.column`. */
  readonly sensitive?: readonly string[] | undefined
  /** Columns to omit: `table.column`. */
  readonly omit?: readonly string[] | undefined
  /** The set to write to. */
  readonly set?: string | undefined
  /** The format of new data files; `csv` if absent. */
  readonly as?: DataFormat | undefined
  /** Report what would be written, and write nothing. */
  readonly dryRun?: boolean | undefined
}

/** Row options as flags, without `--dry-run`. */
export function rowWords(asked: Omit<RowOptions, 'dryRun'>): string[] {
  const { tables, keys = {}, sensitive = [], omit = [], set, as } = asked
  return [
    '--tables',
    tables.join(','),
    ...Object.entries(keys).flatMap(([table, columns]) => [
      '--key',
      `${table}=${columns.join(',')}`,
    ]),
    ...sensitive.flatMap((column) => ['--sensitive', column]),
    ...omit.flatMap((column) => ['--omit', column]),
    ...(set === undefined ? [] : ['--set', set]),
    ...(as === undefined ? [] : ['--as', as]),
  ]
}

/** Data files and sets that were written, or would be. */
export interface SeedFilesResult {
  readonly files: readonly FileChange[]
  readonly sets: readonly {
    readonly name: string
    readonly version: number
    readonly status: FileChange['state']
    readonly file: string
  }[]
  /** What the user must also do. */
  readonly notes: readonly string[]
}

/** The result of a sync that writes no files. */
export const NO_FILES: SeedFilesResult = { files: [], sets: [], notes: [] }

/** A database as one side of a sync. A side given by connection string is named after its database. */
export async function sideOf(session: Session, work: Work, named?: string): Promise<Side> {
  const { pending } = compareHistory(await readHistory(session), work.migrations)
  const { address, environment } = work.target
  const byName = named === undefined || named === environment || address.kind !== 'postgres'
  return byName
    ? { session, name: environment, environment, pending }
    : { session, name: locate(address.url).database, pending }
}

/** The plan of a sync or an export, and the sets of the project. */
export interface Planned {
  readonly plan: SyncPlan
  readonly sets: readonly SeedSet[]
}

/** Plans a sync or an export. The requested set takes precedence, then the sets of the environment. */
export async function planRows(
  { source, target }: { readonly source: Side; readonly target: Side },
  { work, context }: { readonly work: Work; readonly context: Pick<AppContext, 'signal'> },
  asked: RowOptions,
): Promise<Planned> {
  const { tables, keys = {}, sensitive = [], omit = [] } = asked
  const sets = await projectSeedSets(work.project, loadLimits(context, work))
  const of = environmentSeeds(work)
  const rank = (set: SeedSet) => (set.name === asked.set ? 0 : belongs(set, of) ? 1 : 2)
  const plan = await planSync(source, target, {
    names: tables,
    schema: projectNames(work.project),
    sets: sets.toSorted((a, b) => rank(a) - rank(b)),
    rules: { keys: new Map(Object.entries(keys)), sensitive, omitted: omit },
  })
  return { plan, sets }
}

/** Runs work that writes data files. Fails with APP.NOT_WRITABLE if the system refuses a file. */
async function writeFiles<T>(
  { project }: Pick<Work, 'project'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { syscall, path: file } = Object(error) as { syscall?: unknown; path?: unknown }
    if (typeof syscall !== 'string') throw error
    const name = typeof file === 'string' ? path.relative(project.root, file) : 'A data file'
    return refuseUnwritable(name, error)
  }
}

/** Writes the rows of the source to temporary files next to their data files. */
export async function prepareRowFiles(
  { emit }: AppContext,
  {
    work,
    asked,
    source,
  }: { readonly work: Work; readonly asked: RowOptions; readonly source: Side },
  { plan, sets, fallback }: Planned & { readonly fallback?: string },
): Promise<PreparedFiles> {
  const folders = seedFolders(work.project)
  const request = {
    plan,
    context: {
      folder: folders.find((one) => existsSync(one)) ?? folders[0],
      sets,
      named: asked.set,
      fallback,
      of: environmentSeeds(work),
      as: asked.as ?? 'csv',
    },
    strict: fallback !== undefined,
    emit,
  }
  return await writeFiles(work, () => prepareFiles(source, request))
}

/** The files and sets of a result. */
export function filesResult({ changes, sets, notes }: PreparedFiles): SeedFilesResult {
  return {
    files: changes,
    sets: sets.map(({ set, version, state, file }) => ({
      name: set,
      version,
      status: state,
      file,
    })),
    notes,
  }
}
