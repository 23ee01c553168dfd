import type { Position } from './position.ts'

interface Sample {
  readonly at: number
  readonly position: Position
}

/** Records the positions of the primary over time. */
export interface PrimaryTrack {
  record(position: Position): void
  /** The age of the state that a replica shows, in ms; undefined before the first position of the primary is known. */
  lagOf(position: Position): number | undefined
}

/** Enough for ten minutes at one sample per second. */
const SAMPLES = 600

/**
 * Measures lag from the primary's WAL positions over time: a replica that shows what the primary wrote 3 s ago is 3 s
 * behind. From the replica's own clock and `pg_last_xact_replay_timestamp`, the lag would be 0 for a replica that lost
 * its primary, and hours for one whose primary is idle.
 */
export function createPrimaryTrack(now: () => number = () => performance.now()): PrimaryTrack {
  const samples: Sample[] = []
  return {
    record(position) {
      samples.push({ at: now(), position })
      if (samples.length > SAMPLES) samples.shift()
    },
    lagOf(position) {
      const newest = samples.at(-1)
      if (!newest) return undefined
      const covers = (sample: Sample) =>
        sample.position.timeline === position.timeline && sample.position.lsn <= position.lsn
      if (covers(newest)) return 0
      // The first moment whose writes the replica does not show yet.
      const missed = samples[samples.findLastIndex(covers) + 1] ?? newest
      return now() - missed.at
    },
  }
}
