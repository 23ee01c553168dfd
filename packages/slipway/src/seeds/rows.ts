import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Transform } from 'node:stream'
import { advice, readErrorText } from '../kernel/index.ts'
import { parserFor } from '../statements/index.ts'
import { raise } from './failures.ts'
import type { SeedRow, SeedSetTable, SeedValue } from './set.ts'

/** A row, and the line of its file where that is known. */
export interface PlacedRow {
  readonly row: SeedRow
  readonly line?: number
}

/** The rows of a table of a set, as they come. A query is not read here: the server runs it. Fails with SEEDS.FILE_INVALID. */
export async function* rowsOf({ rows }: Pick<SeedSetTable, 'rows'>): AsyncGenerator<PlacedRow> {
  if (!isFile(rows)) {
    const given = typeof rows === 'function' ? await rows() : rows
    for await (const row of given) yield { row }
    return
  }
  const { file } = rows
  switch (path.extname(file)) {
    case '.csv':
      return yield* csvRows(file)
    case '.json':
      return yield* jsonRows(file)
    default:
      return yield* lineRows(file)
  }
}

/** Whether rows are in a file of their own. */
export function isFile(rows: SeedSetTable['rows']): rows is { readonly file: string } {
  return 'file' in rows && typeof rows.file === 'string'
}

/** The SQL that gives the rows of a table, where that is what its file holds. */
export async function queryOf({ rows }: Pick<SeedSetTable, 'rows'>): Promise<string | undefined> {
  if (!isFile(rows) || path.extname(rows.file) !== '.sql') return undefined
  const { file } = rows
  const text = await readText(file)
  const [query, ...others] = (await parserFor('postgres')).parse(text, file)
  // The text is put into another query: what ends it early would run by itself, also in a dry run.
  if (query === undefined || others.length > 0) return invalid(file, 'It must hold one query')
  return query.text.trim()
}

/** The header names the columns; an empty cell without quotes is NULL, one with quotes an empty text. */
async function* csvRows(file: string): AsyncGenerator<PlacedRow> {
  const { parse } = await import('csv-parse')
  const parser = parse({
    bom: true,
    columns: true,
    info: true,
    skip_empty_lines: true,
    cast: (value, { quoting, header }) => (value === '' && !quoting && !header ? null : value),
  })
  textOf(file)
    .on('error', (error) => parser.destroy(error))
    .pipe(parser)
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      yield { row: record, line: info.lines }
    }
  } catch (error) {
    refuseUnreadable(file, error)
    invalid(file, csvReason(error), csvLine(error))
  }
}

interface CsvRecord {
  readonly record: SeedRow
  readonly info: { readonly lines: number }
}

const CSV_REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'A quotation mark is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'Text follows a closing quotation mark',
  INVALID_OPENING_QUOTE: 'A cell that does not begin with a quotation mark contains one',
  CSV_RECORD_INCONSISTENT_COLUMNS: 'A line has another number of cells than the header',
  CSV_INVALID_COLUMN_MAPPING: 'The header cannot be read',
}

/** The parser's own sentence quotes the line. */
function csvReason(error: unknown): string {
  const code = (error as { code?: string }).code ?? ''
  return CSV_REASONS[code] ?? 'It is not valid CSV'
}

function csvLine(error: unknown): number | undefined {
  const { lines } = error as { lines?: number }
  return lines
}

async function* jsonRows(file: string): AsyncGenerator<PlacedRow> {
  const text = await readText(file)
  const rows = parsed(file, text)
  if (!Array.isArray(rows)) return invalid(file, 'It must contain a list of rows')
  for (const row of rows as unknown[]) yield { row: rowOf(file, row) }
}

async function* lineRows(file: string): AsyncGenerator<PlacedRow> {
  const lines = createInterface({ input: textOf(file), crlfDelay: Infinity })
  let line = 0
  try {
    for await (const text of lines) {
      line++
      const bare = line === 1 ? text.replace(/^\uFEFF/, '') : text
      if (bare.trim() !== '') yield { row: rowOf(file, parsed(file, bare, line), line), line }
    }
  } catch (error) {
    refuseUnreadable(file, error)
    throw error
  }
}

function parsed(file: string, text: string, line?: number): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return invalid(file, 'It is not valid JSON', line)
  }
}

function rowOf(file: string, value: unknown, line?: number): SeedRow {
  const is = typeof value === 'object' && value !== null && !Array.isArray(value)
  return is ? (value as Record<string, SeedValue>) : invalid(file, 'A row must be an object', line)
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file)
    if (bytes.includes(0)) return invalid(file, 'It contains a NUL byte')
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    refuseUnreadable(file, error)
    return invalid(file, 'It is not UTF-8')
  }
}

/** Refuses a file or folder that the system did not read, with SEEDS.FILE_INVALID; passes other errors over. */
export function refuseUnreadable(file: string, error: unknown): void {
  const why = readErrorText(error)
  if (why !== undefined) invalid(file, why.replace(/\.$/, ''))
  if ((error as { readonly code?: string }).code === NOT_UTF8) invalid(file, 'It is not UTF-8')
}

const NOT_UTF8 = 'SEED_NOT_UTF8'

/** The text of a file, as it is read. Fails if the bytes are not UTF-8: a wrong letter would go into the database unnoticed. */
function textOf(file: string): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const text = new Transform({
    readableObjectMode: false,
    transform(chunk: Uint8Array, _encoding, done) {
      done(...decoded(() => decoder.decode(chunk, { stream: true })))
    },
    flush(done) {
      done(...decoded(() => decoder.decode()))
    },
  })
  return createReadStream(file)
    .on('error', (error) => text.destroy(error))
    .pipe(text)
}

function decoded(work: () => string): [Error | null, string?] {
  try {
    return [null, work()]
  } catch {
    return [Object.assign(new Error('not UTF-8'), { code: NOT_UTF8 })]
  }
}

function invalid(file: string, why: string, line?: number): never {
  return raise('SEEDS.FILE_INVALID', {
    message: `${path.basename(file)} cannot be read${line === undefined ? '' : ` at line ${line}`}.`,
    why: `${why}.`,
    nextActions: [advice('Nothing was written. Correct the file and run the seeds again.')],
    where: { file, ...(line === undefined ? {} : { line }) },
  })
}

/** Whether rows can be read a second time: what a generator gave is gone, what a function gives can be asked again. */
export function isRepeatable(rows: SeedSetTable['rows']): boolean {
  return typeof rows === 'function' || Array.isArray(rows) || isFile(rows)
}
