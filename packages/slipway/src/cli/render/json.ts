import type { RuleHelp } from '../../app/index.ts'
import { redact } from '../../kernel/index.ts'
import type { Finding } from '../command.ts'
import type { PresentedReport, TypedAction } from '../next-actions.ts'
import { nextActionsOf } from '../present.ts'

/** What is written in addition to the report. */
export interface Frame {
  readonly version: string
  /** Nothing if the command line named none. */
  readonly command: string | null
  readonly exitCode: number
  /** Folder that relative paths start from in annotations and SARIF. */
  readonly root: string
  /** What is known of the findings and the failure, for SARIF. */
  readonly help?: ReadonlyMap<string, RuleHelp>
}

/** The one JSON document of a command, which `--format json` writes. Keys stay in every release; more may be added. */
export interface JsonDocument {
  /** Version of Slipway. */
  readonly slipway: string
  /** Nothing if the command line named none. */
  readonly command: string | null
  /** Whether the command exits 0. */
  readonly ok: boolean
  /** As the JSON Schema of the command has it; empty where nothing had begun. */
  readonly result: object
  readonly findings: readonly Finding[]
  readonly failure: PresentedReport['failure'] | null
  readonly next: readonly TypedAction[]
}

/**
 * The one JSON document of a command. Keys have this order in every release; `ok` is true
 * exactly where the command exits 0.
 */
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

/** JSON with the secrets masked in every text of it, and big integers as text. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, maskText, indent)
}

function maskText(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  return typeof value === 'bigint' ? String(value) : value
}
