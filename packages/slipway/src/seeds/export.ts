import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { advice, type Emit } from '../kernel/index.ts'
import { belongs } from './choose.ts'
import {
  type DataFileLocation,
  type TableWithoutFile,
  findDataFile,
  type SeedSetContext,
} from './data-file-location.ts'
import { dataText } from './data-file.ts'
import { rowReading } from './dialects.ts'
import { raise } from './failures.ts'
import { rowsOf } from './rows.ts'
import { selectionOf } from './selection.ts'
import { type FileState, setFile, type SetFile } from './set-file.ts'
import type { SeedSet, SeedSetTable } from './set.ts'
import type { Side, SyncPlan, SyncTable } from './sync-plan.ts'
import { columnOf } from './target-tables.ts'

/** The change that an export makes to the data file of a table. */
export interface FileChange {
  readonly set: string
  readonly table: string
  readonly file: string
  readonly state: FileState
  readonly rows: number
  /** The number of rows before the export. */
  readonly rowsBefore: number
}

/** New files, written next to the files that they will replace. */
export interface PreparedFiles {
  readonly changes: readonly FileChange[]
  readonly sets: readonly (SetFile & { readonly set: string })[]
  /** Sets of the environment that own the rows of a table, by table. */
  readonly owners: ReadonlyMap<SyncTable, SeedSet>
  /** Tables whose rows are not written to a file, and sets whose version must be raised by hand. */
  readonly notes: readonly string[]
  /** Moves each complete file to its final path. Fails with SEEDS.FILE_NOT_WRITTEN. */
  put(): Promise<void>
  /** Removes the files that are not at their final path: all of them before `put`, none after. */
  discard(): Promise<void>
}

export interface ExportRequest {
  readonly plan: SyncPlan
  readonly context: SeedSetContext
  /** Refuses tables without a data file with SEEDS.NOT_DATA; otherwise the result lists them. */
  readonly strict: boolean
  readonly emit: Emit
}

/**
 * Writes the rows of the planned tables next to the data files of their sets. The source must be in
 * `withSnapshot`. No file is replaced before `put`. Fails with SEEDS.NOT_DATA and SEEDS.TABLE_OWNED.
 */
export async function prepareFiles(source: Side, request: ExportRequest): Promise<PreparedFiles> {
  const { plan, context, strict } = request
  const found: (DataFileLocation | TableWithoutFile)[] = []
  for (const table of plan.named) found.push(await findDataFile(plan, table, context))
  const withoutFile = found.filter((one): one is TableWithoutFile => 'why' in one)
  if (strict && withoutFile[0]) refuseWithoutFile(withoutFile[0])
  const placed = found.filter((one): one is DataFileLocation => 'file' in one)
  const written: Written[] = []
  const made: string[] = []
  const discard = async () => {
    for (const { temporary } of written) await rm(temporary, { force: true })
    for (const folder of made) await rm(folder, { recursive: true, force: true })
  }
  try {
    for (const location of placed) {
      const folder = await mkdir(path.dirname(location.file), { recursive: true })
      if (folder !== undefined) made.push(folder)
      written.push(await writeBeside(source, location, request))
    }
    const sets = setsOf(placed, written, context)
    return {
      changes: written.map(({ change }) => change),
      sets: sets.flatMap(({ set, file }) => (file ? [{ ...file, set }] : [])),
      notes: [...withoutFile.map(({ why }) => why), ...sets.flatMap(({ note }) => note ?? [])],
      owners: ownersOf(placed, context),
      put: async () => {
        made.length = 0
        const definitions = sets.flatMap(({ file }) => file ?? [])
        await putAll(written, definitions).catch(refuseToPut)
      },
      discard,
    }
  } catch (error) {
    await discard()
    throw error
  }
}

function ownersOf(
  placed: readonly DataFileLocation[],
  { of }: SeedSetContext,
): Map<SyncTable, SeedSet> {
  return new Map(
    placed.flatMap(({ table, set, entry }) =>
      set && entry?.mode === 'own' && belongs(set, of) && hasKey(table, entry)
        ? [[table, set] as const]
        : [],
    ),
  )
}

/** Whether a set identifies its rows by the key of the plan; a flag may have chosen a different key. */
function hasKey({ table, key }: SyncTable, entry: SeedSetTable): boolean {
  const columns = (fields: readonly string[]) => fields.map((field) => columnOf(table, field)?.name)
  return isDeepStrictEqual(columns(key), columns(entry.key))
}

function refuseWithoutFile({ table, why }: TableWithoutFile): never {
  return raise('SEEDS.NOT_DATA', {
    message: `The rows of ${table.name} cannot be written to a file: ${why}.`,
    nextActions: [advice('Nothing was written. --set <name> writes them to another set.')],
  })
}

function refuseToPut(cause: unknown): never {
  return raise('SEEDS.FILE_NOT_WRITTEN', {
    message: 'Not all data files of the seed sets were written.',
    ...(cause instanceof Error && { why: cause.message }),
    nextActions: [
      advice('Each file is complete, old or new. Correct the reason, and run the command again.'),
    ],
    cause,
  })
}

interface Written {
  readonly location: DataFileLocation
  readonly temporary: string
  readonly change: FileChange
}

async function writeBeside(
  source: Side,
  location: DataFileLocation,
  request: ExportRequest,
): Promise<Written> {
  const { table, file } = location
  request.emit({ kind: 'phase', phase: 'export', detail: table.name })
  await sweep(path.dirname(file))
  const temporary = temporaryOf(file)
  try {
    const { rows, hash } = await writeRows(source, location, { plan: request.plan, temporary })
    const before = existsSync(file) ? await hashOf(file) : undefined
    const state = before === undefined ? 'new' : before === hash ? 'unchanged' : 'changed'
    const rowsBefore = state === 'unchanged' ? rows : await countRows(location)
    const change = { set: location.name, table: table.name, file, state, rows, rowsBefore } as const
    return { location, temporary, change }
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const TEMPORARY = /^\.slipway-.*\.tmp$/

function temporaryOf(file: string): string {
  return path.join(path.dirname(file), `.slipway-${process.pid}-${path.basename(file)}.tmp`)
}

/** Removes the temporary files of killed runs, which would count as files of the set. */
async function sweep(folder: string): Promise<void> {
  const own = `.slipway-${process.pid}-`
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name) && !name.startsWith(own)) await rm(path.join(folder, name))
  }
}

async function writeRows(
  source: Side,
  { table, fields, format }: DataFileLocation,
  { plan, temporary }: { readonly plan: SyncPlan; readonly temporary: string },
): Promise<{ readonly rows: number; readonly hash: string }> {
  // The key fields come first, because they decide the order of rows; the file has its own field order.
  const key = table.fields.slice(0, table.keys)
  const all = selectionOf(plan.sourceTables, table.from, [...key, ...fields])
  if (!all) throw new TypeError('a field was lost')
  const { readRows, textKind } = await rowReading(source.session)
  const hash = createHash('sha256')
  const file = await open(temporary, 'w')
  let rows = -1
  const counted = async function* () {
    rows = 0
    for await (const row of readRows(source.session, all, key.length)) {
      rows++
      yield row
    }
  }
  try {
    let chunk = ''
    const flush = async () => {
      hash.update(chunk)
      await file.write(chunk)
      chunk = ''
    }
    const written = all.fields
      .slice(key.length)
      .map(({ field, column }) => ({ field, kind: textKind(column) }))
    for await (const text of dataText(format, written, counted())) {
      chunk += text
      if (chunk.length > 256 * 1024) await flush()
    }
    await flush()
    await file.sync()
  } finally {
    await file.close()
  }
  return { rows, hash: hash.digest('hex') }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

async function countRows({ entry, file }: DataFileLocation): Promise<number> {
  if (!entry || !existsSync(file)) return 0
  let rows = 0
  const each = rowsOf({ table: entry })
  while (!(await each.next()).done) rows++
  return rows
}

interface SetChange {
  readonly set: string
  readonly file?: SetFile
  readonly note?: string
}

/** The definition files of the exported sets. */
function setsOf(
  placed: readonly DataFileLocation[],
  written: readonly Written[],
  { folder }: SeedSetContext,
): SetChange[] {
  return [...new Set(placed.map(({ name }) => name))].map((name): SetChange => {
    const own = placed.filter((location) => location.name === name)
    const set = own[0]?.set
    const changed = written.some(
      ({ location, change }) => location.name === name && change.state !== 'unchanged',
    )
    const tables = own
      .filter(({ entry }) => entry === undefined)
      .map(({ table, file }) => ({ name: table.name, key: table.key, rows: path.basename(file) }))
    const file = setFile(path.join(folder, name), set, { tables, changed })
    if (file) return { set: name, file }
    const note = `the set ${name} is code: raise its version in ${path.basename(set?.file ?? '')}`
    return changed ? { set: name, note } : { set: name }
  })
}

/** Replaces data files before the definitions that name them; each file is complete at any moment. */
async function putAll(written: readonly Written[], sets: readonly SetFile[]): Promise<void> {
  for (const { temporary, change } of written) {
    if (change.state === 'unchanged') await rm(temporary, { force: true })
    else await rename(temporary, change.file)
  }
  for (const { file, state, text } of sets) {
    if (state === 'unchanged') continue
    await writeFile(temporaryOf(file), text)
    await rename(temporaryOf(file), file)
  }
}
