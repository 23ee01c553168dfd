import type { RuleHelp } from '../../app/index.ts'
import type { Finding, Report } from '../command.ts'
import { noticesOf, pathInRepository } from './github.ts'
import { type Frame, toJson } from './json.ts'

const LEVELS = { error: 'error', warning: 'warning', notice: 'note' } as const

/** SARIF 2.1.0, the format of code scanning: one run, with a result for each finding and failure. */
export function renderSarif(report: Report, { version, exitCode, root, help }: Frame): string {
  const notices = noticesOf(report)
  const rules = [...new Set(notices.map((notice) => notice.id))].toSorted()
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Slipway',
            version,
            rules: rules.map((id) => ruleOf(id, help?.get(id))),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [{ executionSuccessful: report.failure === undefined, exitCode }],
        results: notices.map((notice) => ({
          ruleId: notice.id,
          ruleIndex: rules.indexOf(notice.id),
          level: LEVELS[notice.severity],
          message: { text: notice.message },
          ...locations(notice, root),
        })),
      },
    ],
  }
  return `${toJson(log, 2)}\n`
}

/** Includes the page itself, because it has no address; `helpUri` is the address of the page's source. */
function ruleOf(id: string, help: RuleHelp | undefined) {
  const title = help?.title ?? id.replaceAll('-', ' ').replace(/^./, (first) => first.toUpperCase())
  const { markdown } = help ?? {}
  const [problem] =
    markdown
      ?.split(/^## Problem$/m)[1]
      ?.trim()
      .split('\n\n') ?? []
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: problem ?? title },
    help: { text: markdown ?? title, ...(markdown ? { markdown } : {}) },
    ...(help?.uri ? { helpUri: help.uri } : {}),
  }
}

function locations({ where }: Finding, root: string) {
  if (!where?.file) return {}
  const uri = pathInRepository(where.file, root).split('/').map(encodeURIComponent).join('/')
  const { line, column } = where
  const region =
    line === undefined
      ? {}
      : { region: { startLine: line, ...(column === undefined ? {} : { startColumn: column }) } }
  return { locations: [{ physicalLocation: { artifactLocation: { uri }, ...region } }] }
}
