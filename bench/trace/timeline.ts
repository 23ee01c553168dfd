import { readFileSync } from 'node:fs'

/** Settings with which a server writes every connection and statement, with its duration, to one file. */
export const LOG_SETTINGS = {
  logging_collector: 'on',
  log_directory: 'trace',
  log_filename: 'trace.log',
  log_rotation_age: '0',
  log_rotation_size: '0',
  log_line_prefix: '%n|',
  log_min_duration_statement: '0',
  log_connections: 'on',
  log_disconnections: 'on',
}

/** How a run of a command used its time, in milliseconds. */
export interface Timeline {
  /** Until the first connection: start of Node.js, modules, configuration, files. */
  readonly beforeMs: number
  /** While the server executed statements; parallel ones count once. */
  readonly serverMs: number
  /** Between the first and the last connection, without the time of the server. */
  readonly betweenMs: number
  /** After the last disconnection. */
  readonly afterMs: number
}

/** The end of a log file, so that a later call reads only what was written since. */
export interface LogPosition {
  readonly file: string
  readonly length: number
}

/**
 * Reads the timeline of a run from the server's log. `started` and `ended` are milliseconds since 1970.
 * Undefined if the run did not connect.
 */
export function readTimeline(
  { file, length }: LogPosition,
  { started, ended }: { readonly started: number; readonly ended: number },
): Timeline | undefined {
  const lines = readFileSync(file, 'utf8').slice(length).split('\n')
  const events = lines.flatMap((line) => {
    const [, seconds, text = ''] = /^(\d+\.\d+)\|LOG: {2}(.*)$/.exec(line) ?? []
    return seconds === undefined ? [] : [{ at: Number(seconds) * 1000, text }]
  })
  const first = events.find(({ text }) => text.startsWith('connection received'))?.at
  const last = events.findLast(({ text }) => text.startsWith('disconnection'))?.at
  if (first === undefined || last === undefined) return undefined
  const busy = events.flatMap(({ at, text }): [number, number][] => {
    const [, duration] = /^duration: ([\d.]+) ms/.exec(text) ?? []
    return duration === undefined ? [] : [[at - Number(duration), at]]
  })
  const serverMs = coveredBy(busy)
  return {
    beforeMs: first - started,
    serverMs,
    betweenMs: last - first - serverMs,
    afterMs: ended - last,
  }
}

/** The length of the union of intervals. */
function coveredBy(intervals: readonly (readonly [number, number])[]): number {
  let covered = 0
  let until = -Infinity
  for (const [from, to] of intervals.toSorted(([one], [other]) => one - other)) {
    covered += Math.max(0, to - Math.max(from, until))
    until = Math.max(until, to)
  }
  return covered
}
