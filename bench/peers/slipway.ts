import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from '../measure.ts'
import { benchPath, type Peer } from './peer.ts'
import { writePrismaProject } from './prisma-project.ts'

const dist = benchPath('..', 'packages', 'slipway', 'dist')

/** Slipway as published: the built command. */
export const slipway: Peer = {
  name: 'slipway',
  version: builtVersion(),
  absence: 'it is not built (npm run build)',
  note: 'built command, `slipway deploy`; a transaction a migration, with its history row',
  kind: 'slipway',
  history: true,
  prepare: writePrismaProject,
  command: (folder, url) => slipwayCommand(folder, ['deploy', '--url', url]),
}

/** A run of one of Slipway's commands in a project. */
export function slipwayCommand(folder: string, args: readonly string[]): Command {
  return {
    program: process.execPath,
    args: [path.join(dist, 'bin', 'slipway.js'), ...args, '--cwd', folder, '--no-interactive'],
    cwd: folder,
    env: {},
  }
}

function builtVersion(): string | undefined {
  const manifest = path.join(dist, 'package.json')
  if (!existsSync(manifest)) return undefined
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
