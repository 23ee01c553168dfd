import { installedVersion, notInstalled, type Peer, program } from './peer.ts'
import { writePrismaProject } from './prisma-project.ts'

/** Prisma's schema engine as WebAssembly, over a plain `pg` connection. */
export const prismaEngine: Peer = {
  name: 'prisma-engine',
  version: installedVersion('@prisma/schema-engine-wasm'),
  absence: notInstalled,
  note: '`applyMigrations` (wasm) from a small program; a message a migration, history rows apart',
  kind: 'node',
  history: true,
  prepare: writePrismaProject,
  command: (folder, url) => program('prisma-engine', folder, url),
}
