import type { Figures } from './figures.ts'
import type { LargeFigures, LargeStep } from './large.ts'
import type { Measurement } from './measure.ts'
import { peers } from './peers/all.ts'
import type { Peer } from './peers/peer.ts'
import type { Outcomes, Scenario } from './scenarios.ts'
import { median } from './statistics.ts'

/** A goal of the project, and the result of this run. */
export interface Goal {
  readonly text: string
  /** The figures that decide it, in words. */
  readonly measured: string
  /** Absent if a figure is missing. */
  readonly reached?: boolean
}

export type Results = ReadonlyMap<Scenario['id'], Outcomes>

/** Median wall time of a peer in a scenario, in milliseconds. */
export function wallOf(results: Results, id: Scenario['id'], name: string): number | undefined {
  return medianOf(results, id, name, ({ wallMs }) => wallMs)
}

interface Judged {
  readonly results: Results
  readonly figures: Figures | undefined
  readonly large: LargeFigures | undefined
}

/** All goals, in the order of the issue that set them. */
export function judge({ results, figures, large }: Judged): readonly Goal[] {
  const { statusMs, pendingMs, shadowMs, createMs, laterCreateMs } = figures ?? {}
  const beyond = createMs === undefined || shadowMs === undefined ? undefined : createMs - shadowMs
  return [
    aheadOf(results, 'pending', 'nothing pending: ahead of every Node peer', ['node']),
    atMost(results, 'pending', 'nothing pending: at most 2.5 × dbmate', 'dbmate', 2.5),
    atMost(results, '1000', '1,000 migrations: at most 1.0 × `psql -f`', 'psql', 1),
    aheadOf(results, '1000', '1,000 migrations: ahead of every peer', ['node', 'native']),
    ratioGoal(
      '`status` on 820 migrations: at most 1.5 × nothing pending',
      statusMs,
      pendingMs,
      1.5,
    ),
    below('peak memory of `deploy`: under 120 MB', peakMegabytes(results, figures), 120, 'MB'),
    below(
      '`create` on one model: under 300 ms beyond the start of the shadow database',
      beyond,
      300,
      'ms',
    ),
    below('second `create` on 820 migrations: under 3 s', laterCreateMs, 3000, 'ms'),
    ratioGoal(
      '`rollback` of one of 820 migrations: at most 1.5 × its deploy',
      figures?.rollbackOneMs,
      figures?.deployOneMs,
      1.5,
    ),
    ratioGoal(
      '`rollback --steps 5`: at most 2 × one step',
      figures?.rollbackFiveMs,
      figures?.rollbackOneMs,
      2,
    ),
    below('`check` of one migration on 820, warm: under 1 s', figures?.checkOneMs, 1000, 'ms'),
    ratioGoal(
      '`drift` where nothing changed: at most 1.2 × `status`',
      figures?.driftMs,
      figures?.statusBesideDriftMs,
      1.2,
    ),
    ...largeGoals(large),
  ]
}

function largeGoals(large: LargeFigures | undefined): Goal[] {
  const wall = (step: LargeStep) => large?.steps.get(step)?.wallMs
  const peaks = [...(large?.steps.values() ?? [])].flatMap(({ peakKiB }) => peakKiB ?? [])
  const peak = peaks.length === 0 ? undefined : (Math.max(...peaks) * 1024) / 1e6
  return [
    below('5,000 tables: deploy of one column: under 2 s', wall('deploy'), 2000, 'ms'),
    below('5,000 tables: rollback of it: under 4 s', wall('rollback'), 4000, 'ms'),
    below('5,000 tables: `check` of it, warm: under 8 s', wall('check'), 8000, 'ms'),
    below('5,000 tables: peak memory of each command: under 300 MB', peak, 300, 'MB'),
  ]
}

function aheadOf(
  results: Results,
  id: Scenario['id'],
  text: string,
  kinds: readonly Peer['kind'][],
): Goal {
  const slipway = wallOf(results, id, 'slipway')
  const rivals = peers
    .filter(({ kind }) => kinds.includes(kind))
    .flatMap(({ name }) => {
      const ms = wallOf(results, id, name)
      return ms === undefined ? [] : [{ name, ms }]
    })
  const best = rivals.toSorted((a, b) => a.ms - b.ms)[0]
  if (slipway === undefined || best === undefined) return { text, measured: 'not measured' }
  const measured = `${format(slipway)} ms against ${format(best.ms)} ms of ${best.name}, the fastest`
  return { text, measured, reached: slipway < best.ms }
}

function atMost(
  results: Results,
  id: Scenario['id'],
  text: string,
  name: string,
  limit: number,
): Goal {
  return ratioGoal(text, wallOf(results, id, 'slipway'), wallOf(results, id, name), limit)
}

function ratioGoal(
  text: string,
  slipway: number | undefined,
  theirs: number | undefined,
  limit: number,
): Goal {
  if (slipway === undefined || theirs === undefined) return { text, measured: 'not measured' }
  const ratio = slipway / theirs
  const measured = `${format(slipway)} ms / ${format(theirs)} ms = ${ratio.toFixed(2)}`
  return { text, measured, reached: ratio <= limit }
}

function below(text: string, value: number | undefined, limit: number, group: string): Goal {
  if (value === undefined) return { text, measured: 'not measured' }
  return { text, measured: `${format(value)} ${group}`, reached: value < limit }
}

/** The highest median of the deploys, in megabytes of a million bytes. */
function peakMegabytes(results: Results, figures: Figures | undefined): number | undefined {
  const ids: readonly Scenario['id'][] = ['1', '100', '1000', 'pending']
  const peaks = ids.flatMap((id) => medianOf(results, id, 'slipway', (run) => run.peakKiB) ?? [])
  const all = [...peaks, ...(figures?.deployPeakKiB === undefined ? [] : [figures.deployPeakKiB])]
  return all.length === 0 ? undefined : (Math.max(...all) * 1024) / 1e6
}

/** The median of one value of a peer's runs, if all of its runs succeeded and have it. */
export function medianOf(
  results: Results,
  id: Scenario['id'],
  name: string,
  read: (run: Measurement) => number | undefined,
): number | undefined {
  const outcome = results.get(id)?.get(name)
  if (!outcome?.ok) return undefined
  const values = outcome.samples.flatMap((sample) => read(sample) ?? [])
  return values.length === 0 ? undefined : median(values)
}

function format(value: number): string {
  return value.toFixed(0)
}
