import { parseArgs } from 'node:util'
import { peers } from './peers/all.ts'
import type { Peer } from './peers/peer.ts'
import { type Scenario, scenarios } from './scenarios.ts'

/** The options of a benchmark run. */
export interface Options {
  readonly rounds: number
  readonly scenarios: readonly Scenario[]
  readonly peers: readonly Peer[]
  /** Slipway's further figures: `status`, `create`. */
  readonly figures: boolean
  /** Slipway's commands on a schema of 5,000 tables. */
  readonly large: boolean
  /** Whether it is the whole benchmark, whose results are written to RESULTS.md. */
  readonly whole: boolean
}

/** The help text, also shown after invalid arguments. */
export const usage = `node bench/run.ts [--rounds n] [--only a,b] [--peers a,b]

  --rounds  measured runs of each command; the median counts (default 5)
  --only    ${[...scenarios.map(({ id }) => id), 'figures', 'large'].join(', ')}
  --peers   ${peers.map(({ name }) => name).join(', ')}

node bench/run.ts load --help: how long an application waits while a table of five million rows changes.

A run without --only and --peers, of 5 rounds or more, writes bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readOptions(argv: readonly string[]): Options | string {
  try {
    return optionsFrom(argv)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function optionsFrom(argv: readonly string[]): Options | string {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds ?? 5)
  const only = values.only?.split(',')
  const names = values.peers?.split(',')
  const known: string[] = [...scenarios.map(({ id }) => id), 'figures', 'large']
  const unknown = [
    ...(only ?? []).filter((id) => !known.includes(id)),
    ...(names ?? []).filter((name) => !peers.some((peer) => peer.name === name)),
  ]
  if (unknown.length > 0) return `Unknown: ${unknown.join(', ')}`
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds takes a whole number from 1'
  return {
    rounds,
    scenarios: scenarios.filter(({ id }) => only?.includes(id) ?? true),
    peers: peers.filter(({ name }) => names?.includes(name) ?? true),
    figures: only?.includes('figures') ?? names?.includes('slipway') ?? true,
    large: only?.includes('large') ?? names?.includes('slipway') ?? true,
    whole: only === undefined && names === undefined && rounds >= 5,
  }
}
