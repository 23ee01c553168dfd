import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const FILE = path.join(import.meta.dirname, 'RESULTS.md')
/** What stands between these is of `load`, which is run by itself. */
const [OPEN, CLOSE] = ['<!-- load -->', '<!-- /load -->']

/** Writes the report of the whole benchmark; the section of `load` stays as it is. */
export function writeReport(report: string): void {
  const section = sectionOf(read())
  writeFileSync(FILE, section === '' ? report : `${report}\n${section}\n`)
}

/** Writes the section of `load` behind the report of the whole benchmark. */
export function writeSection(section: string): void {
  const text = read()
  const report = text.replace(sectionOf(text), '').trimEnd()
  writeFileSync(FILE, `${report}\n\n${OPEN}\n\n${section}\n\n${CLOSE}\n`)
}

function read(): string {
  return existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
}

function sectionOf(text: string): string {
  const [from, to] = [text.indexOf(OPEN), text.indexOf(CLOSE)]
  return from < 0 || to < from ? '' : text.slice(from, to + CLOSE.length)
}
