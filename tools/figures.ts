import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { parseSync, Visitor } from 'rolldown/utils'

/**
 * `npm run figures [-- <revision>] [--without <folder>,…]`: files, lines, exports, functions and duplicates of
 * each module of packages/slipway/src, without tests. A function's length is its number of lines, including
 * the signature and inner functions. A duplicate line is part of a run of 60 tokens that exists more than once
 * in the same form. With a Git revision, the figures are those of its files. `--without` leaves out all folders
 * with these names.
 */
const ROOT = path.join(import.meta.dirname, '..')
const SOURCE = 'packages/slipway/src'
const RUN = 60

interface SourceFile {
  /** Relative to packages/slipway/src. */
  readonly file: string
  readonly text: string
}

interface Figures {
  readonly files: number
  readonly lines: number
  /** The number of names that the index.ts of each module exports. */
  readonly exports: number
  /** The number of lines of each function. */
  readonly functions: readonly number[]
  readonly duplicates: number
}

function readSources(root: string, without: readonly string[]): SourceFile[] {
  const folder = path.join(root, SOURCE)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(isSource)
    .filter(
      (file) =>
        !path
          .dirname(file)
          .split(path.sep)
          .some((part) => without.includes(part)),
    )
    .toSorted()
    .map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }))
}

function isSource(file: string): boolean {
  return file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('fixtures')
}

function moduleOf({ file }: SourceFile): string {
  return file.includes(path.sep) ? (file.split(path.sep)[0] ?? '') : ''
}

function figuresOf(
  sources: readonly SourceFile[],
  duplicates: ReadonlyMap<SourceFile, number>,
): Figures {
  const indexes = sources.filter(({ file }) => /^[^/\\]+[/\\]index\.ts$/.test(file))
  return {
    files: sources.length,
    lines: sum(sources.map(({ text }) => countLines(text))),
    exports: sum(indexes.map(({ text }) => countExports(text))),
    functions: sources.flatMap(({ text }) => functionLengths(text)),
    duplicates: sum(sources.map((source) => duplicates.get(source) ?? 0)),
  }
}

function countExports(text: string): number {
  return sum(
    parse(text).program.body.map((node) =>
      node.type === 'ExportNamedDeclaration' ? Math.max(node.specifiers.length, 1) : 0,
    ),
  )
}

function functionLengths(text: string): number[] {
  const lengths: number[] = []
  const count = ({ start, end }: { readonly start: number; readonly end: number }) => {
    lengths.push(countLines(text.slice(start, end)) + 1)
  }
  new Visitor({
    FunctionDeclaration: count,
    FunctionExpression: count,
    ArrowFunctionExpression: (node) => {
      if (node.body.type === 'BlockStatement') count(node)
    },
  }).visit(parse(text).program)
  return lengths
}

interface Token {
  readonly text: string
  readonly line: number
}

/** The words, numbers, strings and signs of a file, without comments and import statements. */
function tokensOf(text: string): Token[] {
  const blank = (part: string) => part.replaceAll(/[^\n]/g, ' ')
  const code = text.replaceAll(/^(?:import|export) [^;]*? from '[^']*'$/gm, blank)
  const pattern =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[\w$]+|[^\s\w]/g
  let [line, from] = [0, 0]
  return [...code.matchAll(pattern)].flatMap(({ 0: found, index }) => {
    line += countLines(code.slice(from, index))
    from = index
    return /^\/[*/]/.test(found) ? [] : [{ text: found, line }]
  })
}

/** The number of duplicate lines of each file that has any. */
function countDuplicates(sources: readonly SourceFile[]): Map<SourceFile, number> {
  const all = sources.map((source) => ({ source, tokens: tokensOf(source.text) }))
  const runs = all.map(({ tokens }) =>
    tokens.slice(RUN - 1).map((_, start) =>
      tokens
        .slice(start, start + RUN)
        .map(({ text }) => text)
        .join(' '),
    ),
  )
  const times = new Map<string, number>()
  for (const run of runs.flat()) times.set(run, (times.get(run) ?? 0) + 1)
  return new Map(
    all.map(({ source, tokens }, index) => {
      const lines = new Set<number>()
      for (const [start, run] of (runs[index] ?? []).entries()) {
        if ((times.get(run) ?? 0) < 2) continue
        for (const token of tokens.slice(start, start + RUN)) lines.add(token.line)
      }
      return [source, lines.size]
    }),
  )
}

function parse(text: string): ReturnType<typeof parseSync> {
  return parseSync('module.ts', text)
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0
}

function printRow(name: string, figures: Figures): void {
  const { files, lines, exports, functions, duplicates } = figures
  const sorted = functions.toSorted((a, b) => a - b)
  const [median, p90] = [quantile(sorted, 0.5), quantile(sorted, 0.9)]
  const cells = [files, lines, exports, sorted.length, median, p90, duplicates]
  console.log([name.padEnd(14), ...cells.map((cell) => String(cell).padStart(10))].join(' '))
}

function printFigures(sources: readonly SourceFile[]): void {
  const titles = ['files', 'lines', 'exports', 'functions', 'median', 'p90', 'duplicates']
  console.log(['module'.padEnd(14), ...titles.map((title) => title.padStart(10))].join(' '))
  const duplicates = countDuplicates(sources)
  for (const name of new Set(sources.map(moduleOf).filter(Boolean))) {
    const own = sources.filter((source) => moduleOf(source) === name)
    printRow(name, figuresOf(own, duplicates))
  }
  printRow('all', figuresOf(sources, duplicates))
}

/** Runs `work` with the folder of a Git revision's files, which is removed afterwards. */
function withRevision<T>(revision: string, work: (root: string) => T): T {
  const root = mkdtempSync(path.join(tmpdir(), 'figures-'))
  try {
    const archive = path.join(root, 'source.tar')
    execFileSync('git', ['archive', '--output', archive, revision, SOURCE], { cwd: ROOT })
    execFileSync('tar', ['-xf', archive, '-C', root])
    return work(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { without: { type: 'string', default: '' } },
})
const [revision] = positionals
const read = (root: string) => readSources(root, values.without.split(','))
printFigures(revision === undefined ? read(ROOT) : withRevision(revision, read))
