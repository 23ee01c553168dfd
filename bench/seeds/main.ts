import { writeSection } from '../results.ts'
import type { BenchServer } from '../server.ts'
import type { Size } from '../size.ts'
import { seedsSection } from './report.ts'
import { measurePeers, measureSeeds } from './run.ts'

/**
 * Runs the benchmark of seeds. Returns its section, which a run of the default size also writes to
 * RESULTS.md.
 */
export async function runSeedsBench(
  { rows, rounds, whole }: Size,
  server: BenchServer,
  folder: string,
): Promise<string> {
  const onRun = (line: string) => void process.stderr.write(`${line}\n`)
  const run = { server, rows, rounds, folder, onRun }
  const one = [...(await measureSeeds(run, ['carriers'])), ...(await measurePeers(run))]
  const three = await measureSeeds(run, ['carriers', 'contacts'])
  const section = seedsSection({ one, three }, { rows, rounds, version: server.version })
  if (whole) writeSection('seeds', section)
  return `${section}\n`
}
