import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const FILE = path.join(import.meta.dirname, 'RESULTS.md')
/** The parts that run separately, in the order of their sections after the report. */
const PARTS = ['trace', 'load', 'proof', 'seeds', 'backups', 'd1'] as const
type Part = (typeof PARTS)[number]

/** Writes the report of the whole benchmark; the sections of separate parts stay unchanged. */
export function writeReport(report: string): void {
  write(report, sectionsOf(read()))
}

/** Writes the section of a part after the report of the whole benchmark. */
export function writeSection(part: Part, section: string): void {
  const text = read()
  const sections = sectionsOf(text)
  const report = PARTS.reduce((left, one) => left.replace(marked(one, sections.get(one)), ''), text)
  write(report, sections.set(part, section))
}

function write(report: string, sections: ReadonlyMap<Part, string>): void {
  const parts = PARTS.map((part) => marked(part, sections.get(part))).filter(Boolean)
  writeFileSync(FILE, `${[report.trim(), ...parts].join('\n\n')}\n`)
}

function read(): string {
  return existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
}

/** A section between the comments that mark it. */
function marked(part: Part, section: string | undefined): string {
  return section === undefined ? '' : `<!-- ${part} -->\n\n${section}\n\n<!-- /${part} -->`
}

function sectionsOf(text: string): Map<Part, string> {
  const found = new Map<Part, string>()
  for (const part of PARTS) {
    const [open, close] = [`<!-- ${part} -->`, `<!-- /${part} -->`]
    const [from, to] = [text.indexOf(open), text.indexOf(close)]
    if (from >= 0 && to > from) found.set(part, text.slice(from + open.length, to).trim())
  }
  return found
}
