import { readRuleHelp } from '../app/index.ts'
import type { ExitCode } from './command.ts'
import { type Format, FORMATS } from './flags.ts'
import type { Host } from './host.ts'
import type { PresentedReport } from './next-actions.ts'
import { type CommandLine, requestedFormat } from './parse.ts'
import { actionBlocks, failureBlocks, findingBlocks } from './present.ts'
import { disableWorkflowCommands, noticesOf, renderAnnotations } from './render/github.ts'
import { renderHuman } from './render/human.ts'
import { type Frame, renderJson, toJson } from './render/json.ts'
import { renderMarkdown } from './render/markdown.ts'
import { renderSarif } from './render/sarif.ts'
import { styleFor } from './render/style.ts'
import type { ProgressMode } from './terminal/progress.ts'
import type { Block } from './view.ts'

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100
/** Moves the cursor to the first line and column, and erases everything after it. */
const CLEAR = '\u001b[H\u001b[J'

/** The output format of a call, read before the command line is validated, so that failures use it, too. */
export interface OutputOptions {
  readonly format: Format
  readonly verbose: boolean
  readonly progress: ProgressMode
}

export function outputOptionsOf(line: CommandLine, { stderr }: Host): OutputOptions {
  const has = (name: string) => line.options.some((option) => option.name === name)
  const asked = requestedFormat(line)
  const format = FORMATS.find((one) => one === asked) ?? 'human'
  const verbose = has('verbose')
  const plain = stderr.isTTY === true ? 'line' : 'lines'
  const progress = has('quiet') ? 'none' : format === 'json' && verbose ? 'ndjson' : plain
  return { format, verbose, progress }
}

interface Writing {
  readonly host: Host
  readonly output: OutputOptions
  readonly command: string | null
  readonly exitCode: ExitCode
}

/**
 * Writes the report: one document on stdout. In the human format, a failure and the next actions go
 * to stderr, so that they stay visible if stdout is piped into a program.
 */
export async function writeReport(
  report: PresentedReport,
  { host, output, command, exitCode }: Writing,
): Promise<void> {
  const { stdout, env, cwd } = host
  const root = env['GITHUB_WORKSPACE'] ?? cwd
  const frame: Frame = { version: host.version(), command, exitCode, root }
  switch (output.format) {
    case 'human':
      writeHuman(report, host)
      break
    case 'json':
      write(stdout, renderJson(report, frame))
      break
    case 'markdown':
      write(stdout, renderMarkdown([...dataBlocks(report, cwd), ...adviceBlocks(report, cwd)]))
      break
    case 'github': {
      const blocks = [...dataBlocks(report, cwd), ...adviceBlocks(report, cwd)]
      const text = renderHuman(blocks, { style: styleFor(stdout, env) })
      write(stdout, disableWorkflowCommands(text) + renderAnnotations(report, frame))
      break
    }
    case 'sarif':
      write(stdout, renderSarif(report, { ...frame, help: await helpFor(report) }))
      break
  }
}

async function helpFor(report: PresentedReport): Promise<NonNullable<Frame['help']>> {
  return await readRuleHelp(noticesOf(report).map(({ id }) => id))
}

/** In a GitHub Actions job with `--format github`, appends the report as markdown to the job summary. */
export async function writeSummary(
  report: PresentedReport,
  { host, output }: Writing,
): Promise<void> {
  const file = host.env['GITHUB_STEP_SUMMARY']
  if (output.format !== 'github' || file === undefined || file === '') return
  const { cwd } = host
  const text = renderMarkdown([...dataBlocks(report, cwd), ...adviceBlocks(report, cwd)])
  // The report is already written; a summary that cannot be written must not turn it into a failure.
  await host.files.append(file, `${text}\n`).catch(() => undefined)
}

/** The stack of a failure or a bug, for `--verbose`, on stderr. */
export function writeTrace(
  frames: readonly string[],
  { stderr }: Host,
  { format }: OutputOptions,
): void {
  if (format === 'json') write(stderr, `${toJson({ kind: 'trace', frames })}\n`)
  else
    write(
      stderr,
      renderHuman([{ kind: 'plain', text: frames.join('\n') }], { style: (_, text) => text }),
    )
}

/** Clears the terminal and draws a report at its top. */
export function drawReport(report: PresentedReport, host: Host): void {
  host.stdout.write(CLEAR)
  writeHuman(report, { ...host, stderr: host.stdout })
}

function writeHuman(report: PresentedReport, { stdout, stderr, env, cwd }: Host): void {
  const data = dataBlocks(report, cwd)
  const advice = adviceBlocks(report, cwd)
  const failed = report.failure !== undefined
  const canvas = (output: Host['stdout']) => ({
    style: styleFor(output, env),
    ...(output.isTTY ? { width: Math.min(output.columns ?? 80, WIDEST) } : {}),
  })
  write(stdout, renderHuman(failed ? data : [...data, ...advice], canvas(stdout)))
  if (failed) write(stderr, renderHuman(advice, canvas(stderr)))
}

function dataBlocks(report: PresentedReport, cwd: string): Block[] {
  if (report.findingsInView) return [...report.view]
  return [...report.view, ...report.findings.flatMap((finding) => findingBlocks(finding, cwd))]
}

function adviceBlocks(report: PresentedReport, cwd: string): Block[] {
  return [
    ...(report.failure ? failureBlocks(report.failure, cwd) : []),
    ...actionBlocks(report, cwd),
  ]
}

function write(output: Host['stdout'], text: string): void {
  if (text !== '') output.write(text)
}
