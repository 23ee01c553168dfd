import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from '../measure.ts'
import type { Migration } from '../work.ts'

/** A tool that applies migrations, in the form in which its users run it. */
export interface Peer {
  readonly name: string
  /** The version that runs; undefined if the peer is not on this machine. */
  readonly version: string | undefined
  /** Why it is not on this machine, if it is not. */
  readonly absence: string
  /** What the numbers include: how it is called, and what it runs in one transaction. */
  readonly note: string
  readonly kind: 'slipway' | 'node' | 'native' | 'floor'
  /** Whether it records what it has applied; otherwise it is left out of "nothing pending". */
  readonly history: boolean
  /** Writes the migrations, in the peer's own format, into an empty folder. */
  prepare(folder: string, migrations: readonly Migration[]): void
  /** The command that applies the migrations in the folder. */
  command(folder: string, url: string): Command
}

const benchDir = path.dirname(import.meta.dirname)

/** A file of this folder, as an absolute path. */
export function benchPath(...parts: string[]): string {
  return path.join(benchDir, ...parts)
}

/** The reason why a package is missing. */
export const notInstalled = 'it is not installed (npm ci --prefix bench)'

/** Version of a package that is installed for the benchmark. */
export function installedVersion(name: string): string | undefined {
  try {
    const text = readFileSync(benchPath('node_modules', name, 'package.json'), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    return undefined
  }
}

/** Runs one of the programs in `programs`, which are plain JavaScript, so that Node strips no types. */
export function program(name: string, folder: string, url: string): Command {
  return {
    program: process.execPath,
    args: [benchPath('programs', `${name}.mjs`), folder],
    cwd: folder,
    env: { DATABASE_URL: url },
  }
}
