import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync, Visitor } from 'rolldown/utils'

/**
 * `npm run figures`: files, lines, exports and functions of each module of packages/slipway/src, without
 * tests. A function's length is its number of lines, including the signature and inner functions.
 */
const SOURCE = path.join(import.meta.dirname, '../packages/slipway/src')

interface Figures {
  readonly files: number
  readonly lines: number
  /** The number of names that the module's index.ts exports. */
  readonly exports: number
  /** The number of lines of each function. */
  readonly functions: readonly number[]
}

function isSource(file: string): boolean {
  return file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('fixtures')
}

function readFigures(folder: string): Figures {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isSource)
  const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8'))
  const index = files.indexOf('index.ts')
  return {
    files: files.length,
    lines: sum(texts.map(countLines)),
    exports: index === -1 ? 0 : countExports(texts[index] ?? ''),
    functions: texts.flatMap(functionLengths),
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

function printRow(name: string, { files, lines, exports, functions }: Figures): void {
  const sorted = functions.toSorted((a, b) => a - b)
  const cells = [files, lines, exports, sorted.length, quantile(sorted, 0.5), quantile(sorted, 0.9)]
  console.log([name.padEnd(14), ...cells.map((cell) => String(cell).padStart(9))].join(' '))
}

const titles = ['files', 'lines', 'exports', 'functions', 'median', 'p90']
console.log(['module'.padEnd(14), ...titles.map((title) => title.padStart(9))].join(' '))
const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((one) => one.isDirectory())
for (const { name } of folders) printRow(name, readFigures(path.join(SOURCE, name)))
const all = readFigures(SOURCE)
const exported = sum(folders.map(({ name }) => readFigures(path.join(SOURCE, name)).exports))
printRow('all', { ...all, exports: exported })
