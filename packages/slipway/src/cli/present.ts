import path from 'node:path'
import type { Failure, Place } from '../kernel/index.ts'
import type { Finding } from './command.ts'
import type { PresentedReport, TypedAction } from './next-actions.ts'
import { type Block, type Mark, paragraph, status } from './view.ts'

/** The mark of a finding. */
export const MARKS: Readonly<Record<Finding['severity'], Mark>> = {
  error: 'failed',
  warning: 'warning',
  notice: 'note',
}

/** A failure as blocks: code, message, why, where, the server's message. `cwd` shortens paths. */
export function failureBlocks(failure: Failure, cwd: string): Block[] {
  const { where, server } = failure
  const place = placeText(where, cwd)
  return [
    status('failed', failure.message, failure.code),
    ...(failure.why ? [paragraph(indentLines(failure.why))] : []),
    ...(place ? [paragraph(indentLines(`At ${place}`))] : []),
    ...(where?.excerpt ? [excerpt(where.excerpt)] : []),
    ...(server ? [serverBlock(server)] : []),
  ]
}

/** Indents continuation lines, so that a line break in a name does not look like a new output line. */
function indentLines(text: string): string {
  return text.replaceAll('\n', '\n  ')
}

/** A finding as blocks: its sign, its message, its place. `cwd` shortens paths. */
export function findingBlocks(finding: Finding, cwd: string): Block[] {
  const place = placeText(finding.where, cwd)
  const note = place ? `${finding.id} at ${place}` : finding.id
  const line = status(MARKS[finding.severity], finding.message, note)
  return finding.where?.excerpt ? [line, excerpt(finding.where.excerpt)] : [line]
}

/** The next actions without duplicates: first those of the failure, then those of the command. */
export function nextActionsOf({ failure, next }: PresentedReport): readonly TypedAction[] {
  const actions = [...(failure?.nextActions ?? []), ...next]
  const texts = actions.map((action) => JSON.stringify(action))
  return actions.filter((_, index) => texts.indexOf(texts[index] ?? '') === index)
}

/** The next actions as a block, if there are any. */
export function actionBlocks(report: PresentedReport, cwd: string): Block[] {
  const actions = nextActionsOf(report).map((action) =>
    action.kind === 'edit' ? { ...action, path: pathFrom(cwd, action.path) } : action,
  )
  return actions.length === 0 ? [] : [{ kind: 'actions', title: 'Next', actions }]
}

/** `file:line:column`, as far as they are known. */
function placeText(where: Place | undefined, cwd: string): string | undefined {
  if (!where?.file && where?.line === undefined) return undefined
  const { file, line, column } = where
  const name = file === undefined ? 'line' : pathFrom(cwd, file)
  return [name, line, column].filter((part) => part !== undefined).join(':')
}

/** A path relative to `cwd`; a path outside of `cwd` stays absolute. */
function pathFrom(cwd: string, file: string): string {
  if (!path.isAbsolute(file)) return file
  const relative = path.relative(cwd, file)
  return relative.startsWith('..') ? file : relative
}

function excerpt(text: string): Block {
  return { kind: 'code', language: 'text', text }
}

function serverBlock(server: NonNullable<Failure['server']>): Block {
  return {
    kind: 'fields',
    fields: [
      { label: 'PostgreSQL', value: server.message },
      { label: 'SQLSTATE', value: server.sqlstate },
      ...(server.detail ? [{ label: 'Detail', value: server.detail }] : []),
      ...(server.hint ? [{ label: 'Hint', value: server.hint }] : []),
    ],
  }
}
