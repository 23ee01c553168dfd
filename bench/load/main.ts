import os from 'node:os'
import { writeSection } from '../results.ts'
import type { BenchServer } from '../server.ts'
import type { Size } from '../size.ts'
import { loadSection } from './report.ts'
import { measureLoad } from './run.ts'

/**
 * Runs the benchmark under load. Returns its section, which a run of the default size also writes to
 * RESULTS.md.
 */
export async function runLoad(
  { rows, rounds, whole }: Size,
  server: BenchServer,
  folder: string,
): Promise<string> {
  const onRun = (line: string) => void process.stderr.write(`${line}\n`)
  const loadBefore = os.loadavg()[1] ?? NaN
  const runs = await measureLoad({ server, rows, rounds, folder, onRun })
  const section = loadSection(runs, { rows, rounds, server, loadBefore })
  if (whole) writeSection('load', section)
  return `${section}\n`
}
