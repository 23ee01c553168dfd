import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { prismaCli } from '../../../test/prisma.ts'
import { type Session, withSession } from '../../database/index.ts'
import { appliedRowSql, readHistory, rolledBackRowSql } from '../../history/index.ts'
import { sha256 } from '../../kernel/index.ts'

// Guarantee 3 on SQLite: the stock Prisma CLI and Slipway read each other's history.

const FIRST = 'CREATE TABLE "a" ("id" INTEGER NOT NULL PRIMARY KEY);\n'
const SECOND = 'ALTER TABLE "a" ADD COLUMN "n" TEXT;\n'

let root: string
let file: string

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'slipway-sqlite-cli-'))
  file = path.join(root, 'dev.db')
  writeFileSync(file, '')
  write('package.json', '{ "name": "shop", "type": "module" }\n')
  write(
    'prisma.config.ts',
    `export default { schema: 'prisma/schema.prisma', datasource: { url: 'file:./dev.db' } }\n`,
  )
  write(
    'prisma/schema.prisma',
    'datasource db {\n  provider = "sqlite"\n}\n\nmodel a {\n  id Int @id\n  n  String?\n}\n',
  )
  write('prisma/migrations/migration_lock.toml', 'provider = "sqlite"\n')
  write('prisma/migrations/1_first/migration.sql', FIRST)
  return () => rmSync(root, { recursive: true })
})

function write(place: string, text: string): void {
  const target = path.join(root, place)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, text)
}

async function onFile<T>(work: (session: Session) => Promise<T>): Promise<T> {
  return await withSession({ kind: 'sqlite', file }, {}, work)
}

test('the CLI deploys, Slipway continues, and both read the same history', async () => {
  const deployed = await prismaCli(['migrate', 'deploy'], { cwd: root })
  expect(deployed.stdout + deployed.stderr).toContain('1_first')
  expect(deployed.code, deployed.stderr).toBe(0)
  const { rows } = await onFile(readHistory)
  expect(rows).toMatchObject([
    { migration: '1_first', checksum: sha256(FIRST), rolledBackAt: null, logs: null },
  ])
  expect(rows[0]?.finishedAt).not.toBeNull()

  write('prisma/migrations/2_second/migration.sql', SECOND)
  await onFile(async (session) => {
    await session.execute(SECOND)
    await session.execute(appliedRowSql(session, '2_second', sha256(SECOND)))
  })
  const status = await prismaCli(['migrate', 'status'], { cwd: root })
  expect(status.stdout).toContain('Database schema is up to date!')
  expect(status.code, status.stderr).toBe(0)

  await onFile((session) => session.execute(rolledBackRowSql(session, '2_second')))
  const pending = await prismaCli(['migrate', 'status'], { cwd: root })
  expect(pending.stdout).toContain('2_second')
  expect(pending.code).toBe(1)
})
