import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { benchPath } from '../peers/peer.ts'

/** Copies a real project's Prisma folder into a new project. */
export function copyProject(folder: string, name: string): string {
  const corpus = benchPath('..', '..', 'shared', 'corpus', name)
  if (!existsSync(corpus)) throw new Error(`the history of ${name} is not on this machine`)
  const project = mkdtempSync(path.join(folder, `${name}-`))
  cpSync(corpus, path.join(project, 'prisma'), { recursive: true })
  return project
}

/** Writes a project that has only these migrations. */
export function writeProject(folder: string, migrations: Readonly<Record<string, string>>): string {
  const project = mkdtempSync(path.join(folder, 'project-'))
  const prisma = path.join(project, 'prisma')
  mkdirSync(prisma)
  writeFileSync(
    path.join(prisma, 'schema.prisma'),
    'datasource db {\n  provider = "postgresql"\n}\n',
  )
  for (const [name, sql] of Object.entries(migrations)) {
    const own = path.join(prisma, 'migrations', name)
    mkdirSync(own, { recursive: true })
    writeFileSync(path.join(own, 'migration.sql'), sql)
  }
  return project
}
