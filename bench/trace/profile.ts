import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A CPU profile as V8 writes it, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

/** Milliseconds by what the process did: `waits`, `loads modules`, `SQL parser`, a package, `Slipway`. */
export type Shares = ReadonlyMap<string, number>

/** Reads the largest CPU profile of a folder: that of the command itself, and not of a program that it starts. */
export function readShares(folder: string): Shares {
  const profiles = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
  const [largest] = profiles.toSorted((one, other) => other.length - one.length)
  if (largest === undefined) return new Map()
  const { nodes, samples, timeDeltas } = JSON.parse(largest) as CpuProfile
  const names = new Map(nodes.map(({ id, callFrame }) => [id, shareOf(callFrame)]))
  const shares = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const name = names.get(id) ?? 'Node.js'
    shares.set(name, (shares.get(name) ?? 0) + (timeDeltas[at] ?? 0) / 1000)
  }
  return shares
}

function shareOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  if (functionName === '(idle)') return 'waits'
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (url.startsWith('wasm:')) return 'WebAssembly'
  if (/^node:internal\/(?:modules|vm|bootstrap|process)/.test(url)) return 'loads modules'
  if (/compile|link|instantiate/i.test(functionName) && !url.startsWith('file:'))
    return 'loads modules'
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (name !== undefined) return name
  return url.startsWith('file:') ? 'Slipway' : 'Node.js'
}
