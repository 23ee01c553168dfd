import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { measure, type Measurement } from './measure.ts'
import type { Peer } from './peers/peer.ts'
import type { BenchServer } from './server.ts'
import { type Migration, migrationsOf } from './work.ts'

/** One piece of work that every peer does. */
export interface Scenario {
  readonly id: '1' | '100' | '1000' | 'pending'
  readonly title: string
  readonly migrations: number
  /** Whether the migrations were applied before, so that there is nothing to do. */
  readonly applied: boolean
}

export const scenarios: readonly Scenario[] = [
  { id: '1', title: '1 migration', migrations: 1, applied: false },
  { id: '100', title: '100 migrations', migrations: 100, applied: false },
  { id: '1000', title: '1,000 migrations', migrations: 1000, applied: false },
  { id: 'pending', title: 'nothing pending (1,000 applied)', migrations: 1000, applied: true },
]

/** The results of a peer's runs of a scenario; after a failed run, only the reason. */
export type Outcome =
  | { readonly ok: true; readonly samples: readonly Measurement[] }
  | { readonly ok: false; readonly reason: string }

export type Outcomes = ReadonlyMap<string, Outcome>

export interface ScenarioRun {
  readonly server: BenchServer
  readonly peers: readonly Peer[]
  readonly rounds: number
  /** An existing folder for the projects. */
  readonly folder: string
  /** Called after each run. */
  readonly onRun: (line: string) => void
}

/** A peer with its project, ready to run. */
interface Entrant {
  readonly peer: Peer
  readonly folder: string
  readonly samples: Measurement[]
  /** The database with everything applied, if the scenario starts from one. */
  url?: string
  failure?: string
}

/**
 * Runs a scenario: all peers in turn, round after round, each round beginning with a different peer, so
 * that noise of the machine affects all alike. After each run, the tables and indexes of its database are
 * counted.
 */
export async function runScenario(scenario: Scenario, run: ScenarioRun): Promise<Outcomes> {
  const entrants = enter(scenario, run)
  if (scenario.applied) {
    for (const entrant of entrants) {
      entrant.url = await run.server.createDatabase()
      await attempt(entrant, scenario, run)
      entrant.samples.length = 0
    }
  }
  for (let round = 0; round < run.rounds; round++) {
    for (const entrant of rotated(entrants, round)) {
      if (entrant.failure === undefined) await attempt(entrant, scenario, run)
    }
  }
  for (const { url } of entrants) if (url !== undefined) await run.server.dropDatabase(url)
  return new Map(entrants.map((entrant) => [entrant.peer.name, outcomeOf(entrant)]))
}

function enter(scenario: Scenario, { peers, folder }: ScenarioRun): Entrant[] {
  const migrations = migrationsOf(scenario.migrations)
  return peers
    .filter(({ version, history }) => version !== undefined && (history || !scenario.applied))
    .map((peer) => ({
      peer,
      folder: prepare(peer, path.join(folder, scenario.id), migrations),
      samples: [],
    }))
}

function prepare(peer: Peer, parent: string, migrations: readonly Migration[]): string {
  const folder = path.join(parent, peer.name.replaceAll(' ', '_'))
  mkdirSync(folder, { recursive: true })
  peer.prepare(folder, migrations)
  return folder
}

async function attempt(entrant: Entrant, scenario: Scenario, run: ScenarioRun): Promise<void> {
  const { peer, folder, samples } = entrant
  const url = entrant.url ?? (await run.server.createDatabase())
  const result = await measure(peer.command(folder, url))
  const { tables, indexes } = await run.server.countWork(url)
  if (entrant.url === undefined) await run.server.dropDatabase(url)
  if (!result.ok) {
    entrant.failure = result.reason
  } else if (tables !== scenario.migrations || indexes !== scenario.migrations) {
    entrant.failure = `left ${tables} tables and ${indexes} indexes of ${scenario.migrations}`
  } else {
    samples.push(result.measurement)
  }
  const said = entrant.failure ?? `${samples.at(-1)?.wallMs.toFixed(0)} ms`
  run.onRun(`${scenario.title}: ${peer.name}: ${said}`)
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

function outcomeOf({ samples, failure }: Entrant): Outcome {
  return failure === undefined ? { ok: true, samples } : { ok: false, reason: failure }
}
