import { writeSection } from '../results.ts'
import type { D1Options } from './options.ts'
import { d1Section } from './report.ts'
import { measureD1 } from './run.ts'

/**
 * Runs the benchmark of local D1. Returns its section, which a run of the default size also writes to
 * RESULTS.md.
 */
export async function runD1(
  { rounds, migrations, whole }: D1Options,
  folder: string,
): Promise<string> {
  const onRun = (line: string) => void process.stderr.write(`${line}\n`)
  const runs = await measureD1({ rounds, migrations, folder, onRun })
  const section = d1Section(runs, { rounds, migrations })
  if (whole) writeSection('d1', section)
  return `${section}\n`
}
