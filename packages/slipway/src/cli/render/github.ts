import path from 'node:path'
import { sha256 } from '../../kernel/index.ts'
import type { Finding, Report } from '../command.ts'
import type { Frame } from './json.ts'
import { clean } from './style.ts'

/**
 * Workflow commands of GitHub Actions: an annotation for each finding and for the failure, which
 * GitHub shows at the line of the file.
 */
export function renderAnnotations(report: Report, frame: Frame): string {
  return noticesOf(report)
    .map((notice) => `${annotation(notice, frame.root)}\n`)
    .join('')
}

/**
 * The human text, framed so that GitHub runs no workflow command in it: a comment in SQL must not be
 * able to set an output of the job.
 */
export function disableWorkflowCommands(text: string): string {
  if (!/^\s*(?:::|##\[)/m.test(text)) return text
  const token = sha256(`slipway ${text}`).slice(0, 32)
  return `::stop-commands::${token}\n${text}::${token}::\n`
}

/** The findings, with the failure as an additional one. */
export function noticesOf({ findings, failure }: Report): readonly Finding[] {
  if (!failure) return findings
  const { code, message, why, where } = failure
  const whole = why ? `${message} ${why}` : message
  return [...findings, { id: code, severity: 'error', message: whole, ...(where ? { where } : {}) }]
}

/** The path of a file in the repository: relative to its root, with `/`. */
export function pathInRepository(file: string, root: string): string {
  const relative = path.isAbsolute(file) ? path.relative(root, file) : file
  return relative.replaceAll('\\', '/')
}

function annotation({ id, severity, message, where }: Finding, root: string): string {
  const properties = [
    ...(where?.file ? [['file', pathInRepository(where.file, root)]] : []),
    ...(where?.line === undefined ? [] : [['line', String(where.line)]]),
    ...(where?.column === undefined ? [] : [['col', String(where.column)]]),
    ['title', id],
  ]
  const list = properties.map(([key, value]) => `${key}=${escapeProperty(value ?? '')}`).join(',')
  return `::${severity} ${list}::${escapeData(message)}`
}

function escapeData(text: string): string {
  return clean(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
