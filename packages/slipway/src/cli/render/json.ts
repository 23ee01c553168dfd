import type { RuleHelp } from '../../app/index.ts'
import { redact } from '../../kernel/index.ts'
import type { Finding } from '../command.ts'
import type { PresentedReport, TypedAction } from '../next-actions.ts'
import { nextActionsOf } from '../present.ts'

/** The data that is written in addition to the report. */
export interface Frame {
  readonly version: string
  /** Null if the command line named none. */
  readonly command: string | null
  readonly exitCode: number
  /** The folder to which paths in annotations and SARIF are relative. */
  readonly root: string
  /** Explanations of the findings and the failure, for SARIF. */
  readonly help?: ReadonlyMap<string, RuleHelp>
}

/** The JSON document that `--format json` writes. No release removes keys; more may be added. */
export interface JsonDocument {
  /** Version of Slipway. */
  readonly slipway: string
  /** Null if the command line named none. */
  readonly command: string | null
  /** Whether the command exits 0. */
  readonly ok: boolean
  /** Described by the JSON Schema of the command; empty if nothing had started. */
  readonly result: object
  readonly findings: readonly Finding[]
  readonly failure: PresentedReport['failure'] | null
  readonly next: readonly TypedAction[]
}

/** The JSON document. Keys have this order in every release; `ok` is true exactly if the command exits 0. */
export function renderJson(report: PresentedReport, { version, command, exitCode }: Frame): string {
  const document: JsonDocument = {
    slipway: version,
    command,
    ok: exitCode === 0,
    result: report.result,
    findings: report.findings,
    failure: report.failure ?? null,
    next: nextActionsOf(report),
  }
  return `${toJson(document, 2)}\n`
}

/** JSON with secrets masked in all strings, and big integers as strings. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, maskText, indent)
}

function maskText(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  return typeof value === 'bigint' ? String(value) : value
}
