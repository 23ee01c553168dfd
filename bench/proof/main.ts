import { writeSection } from '../results.ts'
import type { BenchServer } from '../server.ts'
import type { Size } from '../size.ts'
import { measureCheck, measureJudgement } from './check.ts'
import { measureKeeping } from './keep.ts'
import { proofSection } from './report.ts'

/**
 * Runs the benchmark of proofs. Returns its section, which a run of the default size also writes to
 * RESULTS.md.
 */
export async function runProof(
  { rounds, rows, whole }: Size,
  server: BenchServer,
  folder: string,
): Promise<string> {
  const onRun = (line: string) => void process.stderr.write(`${line}\n`)
  const run = { rounds, folder, onRun }
  const judgement = await measureJudgement(run)
  const check = await measureCheck(run)
  const keeping = await measureKeeping({ ...run, server, rows })
  const section = proofSection({ check, judgement, keeping }, { rounds, version: server.version })
  if (whole) writeSection('proof', section)
  return `${section}\n`
}
