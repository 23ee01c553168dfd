import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { type AnyClient, plainClient } from '../prisma.ts'
import { createPrimaryTrack } from './lag.ts'
import { parseLsn, type Position, type Requirement, satisfies } from './position.ts'

export interface ReplicaConfig {
  readonly name: string
  /** A client of the same schema, on the replica. */
  readonly client: AnyClient
  /**
   * The client's pool. With it, read-your-writes stays correct when a replica restarts, after which it may show an older
   * state than before.
   */
  readonly pool?: Pool
  /** The share of reads, relative to the other replicas. Default 1. */
  readonly weight?: number
}

/** Times in ms. */
export interface ReplicaSetOptions {
  /** The client on the primary: its position is read through it, without its extensions. */
  readonly primary: AnyClient
  readonly replicas: readonly ReplicaConfig[]
  /** A replica with a greater lag is not used. At most 60,000 with `withConsistencyCookie`. Default 10,000. */
  readonly maxLag?: number
  /** Default 1000. */
  readonly checkEvery?: number
  /** A check that takes longer has failed. Default 1000. */
  readonly checkTimeout?: number
  /** How long a read waits for a replica to show what the read must see, before it goes to the primary. Default 100. */
  readonly waitForReplay?: number
}

export interface ReplicaStatus {
  readonly name: string
  /** Whether reads go there. */
  readonly usable: boolean
  /** The age of the state that it shows, in ms; undefined if unknown. */
  readonly lag: number | undefined
  /** Why it is not used. */
  readonly problem?: string
}

/** A replica, and what is known about it. */
export interface Replica {
  readonly config: ReplicaConfig
  problem: string | undefined
  replayed: Position | undefined
  /** Incremented with each new connection, because the server may have been restarted. */
  connections: number
  /** The running check. */
  checking: Promise<void> | undefined
}

export interface ReplicaSet {
  status(): readonly ReplicaStatus[]
  /** Checks all replicas now; they are also checked automatically, every `checkEvery`. */
  check(): Promise<void>
  /** A replica for a read, by weight; undefined if the read must go to the primary. */
  choose(required: Requirement | undefined): Promise<Replica | undefined>
  /** Stops using a replica until its next check succeeds. */
  evict(replica: Replica, problem: string): void
  /** The current WAL position of the primary. */
  primaryPosition(): Promise<Position>
  /** Ends the checks. */
  stop(): void
}

const PRIMARY_POSITION = `
  SELECT pg_current_wal_insert_lsn()::text AS lsn,
    ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int AS timeline`

/** Ordinary roles cannot read `received_tli`; they can read the timeline of the last checkpoint, which changes later. */
const REPLICA_POSITION = `
  SELECT pg_is_in_recovery() AS standby, pg_last_wal_replay_lsn()::text AS lsn,
    coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint())) AS timeline`

interface PositionRow {
  readonly standby?: boolean
  readonly lsn: string | null
  readonly timeline: number
}

/** How often a read checks whether a replica has caught up, in ms. */
const POLL_EVERY = 5

/**
 * A set of replicas with their health. They get reads after the first check. Stop the set when the application ends.
 */
export function createReplicaSet(options: ReplicaSetOptions): ReplicaSet {
  const { maxLag = 10_000, checkEvery = 1000, checkTimeout = 1000 } = options
  const { waitForReplay = 100 } = options
  const primary = plainClient(options.primary)
  const track = createPrimaryTrack()
  const all = options.replicas.map(createReplica)

  const lagOf = ({ replayed }: Replica) => replayed && track.lagOf(replayed)
  const problemOf = (replica: Replica) => {
    if (replica.problem !== undefined) return replica.problem
    const lag = lagOf(replica)
    return lag !== undefined && lag > maxLag ? `Its lag is above ${maxLag} ms.` : undefined
  }
  const primaryPosition = async () => positionOf(await ask(primary, PRIMARY_POSITION, checkTimeout))
  /** One check at a time for each replica, however many reads wait for it. */
  const checkReplica = (replica: Replica) =>
    (replica.checking ??= checkNow(replica).finally(() => {
      replica.checking = undefined
    }))
  const checkNow = async (replica: Replica) => {
    const seen = replica.connections
    try {
      const row = await ask(plainClient(replica.config.client), REPLICA_POSITION, checkTimeout)
      if (row.standby !== true || row.lsn === null) {
        evict(replica, 'It is not a replica: it was promoted.')
        return
      }
      // The position may be from before a restart if a new connection was opened in the meantime.
      replica.replayed = replica.connections === seen ? positionOf(row) : undefined
      replica.problem = undefined
    } catch {
      evict(replica, 'It does not answer.')
    }
  }
  const check = async () => {
    // If the primary is unreachable, reads continue, compared with its last known position.
    // Only checks record samples: with those of writes, too, the samples would cover too short a time.
    await primaryPosition().then(track.record, () => undefined)
    await Promise.all(all.map(checkReplica))
  }
  const evict = (replica: Replica, problem: string) => {
    replica.problem = problem
    replica.replayed = undefined
  }
  /** Checks usable replicas until one shows what is required; undefined if the time runs out. */
  const waitFor = async (usable: readonly Replica[], required: Requirement) => {
    const late = sleep(waitForReplay, 'late' as const, { ref: false })
    for (;;) {
      // A replica that hangs must not hold up the read.
      const ended = await Promise.race([Promise.all(usable.map(checkReplica)), late])
      const caughtUp = usable.filter(({ replayed }) => satisfies(replayed, required))
      if (caughtUp.length > 0) return pickByWeight(caughtUp)
      if (ended === 'late') return undefined
      await sleep(POLL_EVERY)
    }
  }
  const choose = async (required: Requirement | undefined) => {
    const usable = all.filter((replica) => problemOf(replica) === undefined)
    if (usable.length === 0 || required === 'primary') return undefined
    if (required === undefined) return pickByWeight(usable)
    const caughtUp = usable.filter(({ replayed }) => satisfies(replayed, required))
    return caughtUp.length > 0 ? pickByWeight(caughtUp) : await waitFor(usable, required)
  }

  let stopped = false
  const timer = setTimeout(function tick() {
    void check().finally(() => {
      if (!stopped) timer.refresh()
    })
  }, checkEvery).unref()
  void check()

  return {
    status: () =>
      all.map((replica) => {
        const problem = problemOf(replica)
        const usable = problem === undefined
        const status = { name: replica.config.name, usable, lag: lagOf(replica) }
        return usable ? status : { ...status, problem }
      }),
    check,
    choose,
    evict,
    primaryPosition,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

function createReplica(config: ReplicaConfig): Replica {
  const replica: Replica = {
    config,
    problem: 'It has not been checked yet.',
    replayed: undefined,
    connections: 0,
    checking: undefined,
  }
  config.pool?.on('connect', () => {
    replica.connections++
    replica.replayed = undefined
  })
  return replica
}

function pickByWeight(replicas: readonly Replica[]): Replica | undefined {
  const weightOf = ({ config }: Replica) => config.weight ?? 1
  let rest = Math.random() * replicas.reduce((sum, replica) => sum + weightOf(replica), 0)
  return replicas.find((replica) => (rest -= weightOf(replica)) < 0)
}

/** Runs a query that must answer within `timeout` ms. */
async function ask(client: AnyClient, sql: string, timeout: number): Promise<PositionRow> {
  const abort = new AbortController()
  const late = sleep(timeout, undefined, { signal: abort.signal })
  try {
    const rows = await Promise.race([client.$queryRawUnsafe<PositionRow[]>(sql), late])
    const row = rows?.[0]
    if (!row) throw new NoAnswer()
    return row
  } finally {
    abort.abort()
  }
}

/** The caller only sees that the check failed. */
class NoAnswer extends Error {}

function positionOf({ lsn, timeline }: PositionRow): Position {
  return { timeline, lsn: parseLsn(lsn ?? '0/0') }
}
