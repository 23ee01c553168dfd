import { writeSection } from '../results.ts'
import type { BenchServer } from '../server.ts'
import type { Size } from '../size.ts'
import { backupsSection } from './report.ts'
import { measureBackups } from './run.ts'

/**
 * Runs the backup benchmark. Returns its section, which a run of the default size also writes to
 * RESULTS.md.
 */
export async function runBackups(
  { rounds, rows, whole }: Size,
  server: BenchServer,
  folder: string,
): Promise<string> {
  const onRun = (line: string) => void process.stderr.write(`${line}\n`)
  const figures = await measureBackups({ rounds, rows, server, folder, onRun })
  const section = backupsSection(figures, { rounds, version: server.version })
  if (whole) writeSection('backups', section)
  return `${section}\n`
}
