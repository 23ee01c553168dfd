import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { ConnectionString } from '../../src/kernel/index.ts'
import { runCli } from '../cli.ts'
import { createDatabase } from '../postgres.ts'
import { prismaCli } from '../prisma.ts'
import { writeProject } from '../project.ts'
import { SHOP } from './shop.ts'

// Guarantee 5: concurrent deploys to one target, including Prisma's own, apply each migration once.

const SLIPWAYS = 16
const PRISMAS = 4
// Prisma sends a file as a whole, so it cannot run files that mix a concurrent build with other statements.
const HISTORY = SHOP.filter(
  ({ sql }) => !sql.includes('CONCURRENTLY') && !sql.includes('ADD VALUE'),
)
const BUILDS = Array.from({ length: 4 }, (_, n) => ({
  name: `20260106${n}00000_build`,
  sql: `CREATE INDEX CONCURRENTLY "Order_build_${n}" ON "Order"("runs", "id");\n`,
}))

test(`${SLIPWAYS} deploys by Slipway and ${PRISMAS} by Prisma at the same time`, async () => {
  const root = writeProject([...HISTORY, ...BUILDS])
  const database = await createDatabase()
  try {
    const [slipways, prismas] = await Promise.all([
      Promise.all(
        Array.from({ length: SLIPWAYS }, () =>
          runCli(['deploy'], { cwd: root, url: database.url }),
        ),
      ),
      Promise.all(
        Array.from({ length: PRISMAS }, () =>
          prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: database.url }),
        ),
      ),
    ])
    const said = slipways.map(({ stdout, stderr }) => stdout + stderr).join('\n')
    expect(
      slipways.map(({ code }) => code),
      said,
    ).toEqual(slipways.map(() => 0))
    expect(said).not.toContain('deadlock')
    // Prisma gives up with P1002 after it has waited 10 s for the lock. That is harmless.
    for (const { code, stdout, stderr } of prismas) {
      if (code !== 0) expect(stdout + stderr).toContain('P1002')
      expect(stdout + stderr).not.toContain('deadlock')
    }
    await withSession(
      { kind: 'postgres', url: new ConnectionString(database.url) },
      {},
      async (session) => {
        const rows = await session.query(
          'SELECT migration_name AS name, count(*)::int AS times FROM _prisma_migrations GROUP BY 1 ORDER BY 1',
        )
        expect(rows).toEqual([...HISTORY, ...BUILDS].map(({ name }) => ({ name, times: 1 })))
        expect(await session.query('SELECT 1 FROM pg_index WHERE NOT indisvalid')).toEqual([])
        expect(await session.query('SELECT DISTINCT "runs" FROM "Order"')).toEqual([{ runs: 1100 }])
      },
    )
    const prisma = await prismaCli(['migrate', 'status'], { cwd: root, databaseUrl: database.url })
    expect(prisma.stdout).toContain('up to date')
  } finally {
    await database.drop()
    rmSync(root, { recursive: true })
  }
})
