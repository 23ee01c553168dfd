import type { Emit, Event } from '../../kernel/index.ts'
import type { Output } from '../host.ts'
import { toJson } from '../render/json.ts'
import { oneLine, type Style } from '../render/style.ts'
import { eventText } from './event-text.ts'

/** Shorter work would end before anyone could read a line about it. */
const QUIET_MS = 100

/** A deploy that waits for a lock may retry twice a second for half an hour: too many lines for a log. */
const SAY_AGAIN_MS = 10_000

const START_OF_LINE = '\r'
const ERASE_LINE = '\r\u001b[2K'

/** Shows events on stderr while a command works. */
export interface Progress {
  readonly emit: Emit
  /** Erases the rewritten line; call it before anything else is written to the terminal. */
  clear(): void
  /** The same, permanently: no event is shown after it. */
  stop(): void
}

/**
 * `line` rewrites one line of a terminal, after 100 ms; `lines` writes one line per step, for logs;
 * `ndjson` writes the events as they are; `none` writes nothing.
 */
export type ProgressMode = 'line' | 'lines' | 'ndjson' | 'none'

export function createProgress(mode: ProgressMode, { stderr, style, now }: Surroundings): Progress {
  switch (mode) {
    case 'line':
      return rewrittenLine(stderr, style)
    case 'lines':
      return plainLines(stderr, now)
    case 'ndjson':
      return stoppable((event) => stderr.write(`${toJson(event)}\n`))
    case 'none':
      return stoppable(() => undefined)
  }
}

/** The output for the progress, and the clock in milliseconds. */
export interface Surroundings {
  readonly stderr: Output
  readonly style: Style
  readonly now: () => number
}

/** A line for each step when it starts; the next line, or the report, shows its end. */
function plainLines(stderr: Output, now: () => number): Progress {
  let saidWaiting = -Infinity
  return stoppable((event) => {
    if (event.kind === 'statement-started' || event.kind === 'migration-done') return
    if (event.kind === 'lock-waiting' || event.kind === 'blocked') {
      if (now() - saidWaiting < SAY_AGAIN_MS) return
      saidWaiting = now()
    }
    stderr.write(`${oneLine(eventText(event))}\n`)
  })
}

function stoppable(show: (event: Event) => unknown): Progress {
  let stopped = false
  return {
    emit: (event) => void (stopped || show(event)),
    clear: () => undefined,
    stop: () => void (stopped = true),
  }
}

function rewrittenLine(stderr: Output, style: Style): Progress {
  let text = ''
  let drawn = false
  let due = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const draw = () => {
    const width = Math.max((stderr.columns ?? 80) - 1, 10)
    const line = oneLine(text).replaceAll(/\s+/g, ' ')
    stderr.write(
      `${ERASE_LINE}${style('dim', line.length > width ? `${line.slice(0, width - 1)}…` : line)}`,
    )
    drawn = true
  }
  const clear = () => {
    if (drawn) stderr.write(`${ERASE_LINE}${START_OF_LINE}`)
    drawn = false
  }
  const emit: Emit = (event) => {
    if (stopped) return
    if (event.kind === 'notice') {
      clear()
      stderr.write(`${oneLine(event.message)}\n`)
      return
    }
    text = eventText(event)
    if (due) draw()
    timer ??= setTimeout(() => {
      due = true
      if (!stopped) draw()
    }, QUIET_MS).unref()
  }
  const stop = () => {
    stopped = true
    clearTimeout(timer)
    clear()
  }
  return { emit, clear, stop }
}
