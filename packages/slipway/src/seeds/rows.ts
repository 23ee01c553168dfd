import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Transform } from 'node:stream'
import type { Dialect } from '../database/index.ts'
import { advice, failureOf, readErrorText } from '../kernel/index.ts'
import { parserFor } from '../statements/index.ts'
import { raise } from './failures.ts'
import { generateRows, type RowLimits } from './generated-rows.ts'
import { elementsOf, jsonProblem, parseExactly, duplicateKey } from './json-text.ts'
import type { SeedRow, SeedSet, SeedSetTable } from './set.ts'
import type { RowForm } from './value-text.ts'

/** A row, and its line in the file if known. */
export interface PlacedRow {
  readonly row: SeedRow
  readonly line?: number
}

/** The table whose rows are read, and the limits on that. */
export interface RowSource {
  readonly table: Pick<SeedSetTable, 'rows'> & Partial<Pick<SeedSetTable, 'name'>>
  readonly set?: Pick<SeedSet, 'name' | 'file'> | undefined
  readonly limits?: RowLimits | undefined
}

/**
 * Streams the rows of a table of a set. A query is not read here: the server runs it. Fails with
 * SEEDS.FILE_INVALID, and with SEEDS.CODE_FAILED or SEEDS.DEADLINE if code generates them.
 */
export async function* rowsOf({ table, set, limits }: RowSource): AsyncGenerator<PlacedRow> {
  const { rows } = table
  if (!isFile(rows)) {
    for await (const row of generateRows(rows, { table, set, limits })) yield { row }
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

/** The form of a table's values: a CSV file contains only strings. */
export function formOf({ rows, form }: SeedSetTable): RowForm {
  return form ?? (isFile(rows) && path.extname(rows.file) === '.csv' ? 'texts' : 'values')
}

/** The query that returns the rows of a table; undefined if they are not in an SQL file. */
export async function queryOf(
  { rows }: Pick<SeedSetTable, 'rows'>,
  dialect: Dialect,
): Promise<string | undefined> {
  if (!isFile(rows) || path.extname(rows.file) !== '.sql') return undefined
  const { file } = rows
  const text = await readText(file)
  const [query, ...others] = (await parserFor(dialect)).parse(text, file)
  // The text is embedded in another query: if it ended early, the rest would run on its own, even in a dry
  // run.
  if (query === undefined || others.length > 0)
    return invalid(file, 'It must contain exactly one query')
  return query.text.trim()
}

/** The header names the columns; an empty cell without quotes is NULL, one with quotes an empty string. */
async function* csvRows(file: string): AsyncGenerator<PlacedRow> {
  const { parse } = await import('csv-parse')
  // The parser counts a CRLF in a quoted cell as two lines.
  let extra = 0
  let hasHeader = false
  const parser = parse({
    bom: true,
    columns(header: readonly string[]) {
      hasHeader = true
      return refuseRepeatedName(file, header)
    },
    skip_empty_lines: true,
    cast(value, { quoting, header }) {
      if (quoting) extra += value.match(/\r\n/g)?.length ?? 0
      return value === '' && !quoting && !header ? null : value
    },
    on_record: (row: SeedRow, { lines }): PlacedRow => ({ row, line: lines - extra }),
  })
  textOf(file)
    .on('error', (error) => parser.destroy(error))
    .pipe(parser)
  try {
    for await (const placed of parser as AsyncIterable<PlacedRow>) yield placed
  } catch (error) {
    if (failureOf(error)) throw error
    refuseUnreadable(file, error)
    const { lines } = error as { readonly lines?: number }
    invalid(file, csvReason(error), lines === undefined ? undefined : lines - extra)
  }
  // A set without rows deletes all rows that it owns, so a truncated file must not be one.
  if (!hasHeader) invalid(file, 'It has no header')
}

function refuseRepeatedName(file: string, header: readonly string[]): string[] {
  const repeated = header.find((name, at) => header.indexOf(name) !== at)
  if (repeated !== undefined)
    invalid(file, `The header has the column ${JSON.stringify(repeated)} twice`, 1)
  return [...header]
}

const CSV_REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'A quotation mark is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'Text follows a closing quotation mark',
  INVALID_OPENING_QUOTE: 'A cell that does not begin with a quotation mark contains one',
  CSV_RECORD_INCONSISTENT_COLUMNS: 'A line has a different number of cells from the header',
  CSV_INVALID_COLUMN_MAPPING: 'The header cannot be read',
}

/** The reason in our own words, because the parser's message quotes the line. */
function csvReason(error: unknown): string {
  const code = (error as { code?: string }).code ?? ''
  return CSV_REASONS[code] ?? 'It is not valid CSV'
}

async function* jsonRows(file: string): AsyncGenerator<PlacedRow> {
  const text = await readText(file)
  const problem = jsonProblem(text)
  if (problem) return invalid(file, problem.why, lineAt(text, problem.at))
  const elements = elementsOf(text)
  if (elements === undefined) return invalid(file, 'It must contain a list of rows')
  let [line, seen] = [1, 0]
  for (const { value, at } of elements) {
    line += lineAt(text.slice(seen, at), at - seen) - 1
    seen = at
    yield { row: rowOf(file, value, line), line }
  }
}

function lineAt(text: string, at: number): number {
  let line = 1
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', end + 1)) line++
  return line
}

async function* lineRows(file: string): AsyncGenerator<PlacedRow> {
  let line = 0
  try {
    for await (const text of linesOf(textOf(file).setEncoding('utf8'))) {
      line++
      const bare = line === 1 ? text.replace(/^\uFEFF/, '') : text
      if (bare.trim() === '') continue
      const problem = jsonProblem(bare)
      if (problem) invalid(file, problem.why, line)
      yield { row: rowOf(file, parseExactly(bare), line), line }
    }
  } catch (error) {
    refuseUnreadable(file, error)
    throw error
  }
}

/** Lines end with LF or CRLF; other Unicode line separators may occur within strings. */
async function* linesOf(texts: AsyncIterable<unknown>): AsyncGenerator<string> {
  let held = ''
  for await (const text of texts) {
    const lines = String(text).split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      yield held + line
      held = ''
    }
    held += last
  }
  if (held !== '') yield held
}

function rowOf(file: string, value: unknown, line: number): SeedRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return invalid(file, 'A row must be an object', line)
  const repeated = duplicateKey(value, 'own')
  if (repeated !== undefined)
    return invalid(file, `A row has the key ${JSON.stringify(repeated)} twice`, line)
  return value as SeedRow
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

/**
 * Raises SEEDS.FILE_INVALID if the error means that a file or folder cannot be read; ignores other errors.
 */
export function refuseUnreadable(file: string, error: unknown): void {
  const why = readErrorText(error)
  if (why !== undefined) invalid(file, why.replace(/\.$/, ''))
  if ((error as { readonly code?: string }).code === NOT_UTF8) invalid(file, 'It is not UTF-8')
}

const NOT_UTF8 = 'SEED_NOT_UTF8'

/**
 * Streams a file's text. Fails on invalid UTF-8, because wrong characters would reach the database unnoticed.
 */
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

/** Whether rows can be read again: a generator cannot restart, but a function can be called again. */
export function isRepeatable(rows: SeedSetTable['rows']): boolean {
  return typeof rows === 'function' || Array.isArray(rows) || isFile(rows)
}

/** Whether all rows of a set can be read again. */
export function isRepeatableSet({ tables }: Pick<SeedSet, 'tables'>): boolean {
  return tables.every(({ rows }) => isRepeatable(rows))
}
