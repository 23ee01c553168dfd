import { expect, test } from 'vitest'
import type { Proof } from '../proof/index.ts'
import { htmlReport, type ReportedMigration } from './html.ts'

const PROOF: Proof = {
  migration: '1_x',
  checksums: { up: 'a', down: 'b' },
  shadow: { kind: 'postgres', version: '15.18' },
  grade: 'lossy',
  proven: true,
  reasons: [],
  conditions: [],
  schemaEqual: true,
  rowsEqual: false,
  lost: [{ what: 'object', object: { kind: 'column', schema: null, table: 'a<b>', name: 'c' } }],
  left: [],
  rows: 6,
  emptyTables: [],
  upMs: 30,
  downMs: 2,
  changes: [
    {
      change: 'added',
      object: { kind: 'column', schema: null, table: 'users', name: 'n' },
      attributes: [],
    },
    { change: 'removed', object: { kind: 'index', schema: null, name: 'old' }, attributes: [] },
  ],
  statements: [
    { statement: 1, ms: 10 },
    { statement: 2, ms: 20 },
  ],
  locks: [
    { statement: 2, relation: 'users', kind: 'table', mode: 'ACCESS EXCLUSIVE', until: 2 },
    { statement: 1, relation: 'users', kind: 'table', mode: 'SHARE', until: 2 },
    { statement: 1, relation: 'users_pkey', kind: 'index', mode: 'ACCESS EXCLUSIVE', until: 2 },
    { statement: 1, relation: 'quiet', kind: 'table', mode: 'ROW EXCLUSIVE', until: 2 },
  ],
  rewrites: [],
  scans: [],
  effects: [],
  unseen: [],
}

const AT = Date.UTC(2026, 1, 3, 4, 5)

const MIGRATION: ReportedMigration = {
  name: '1_x',
  path: '/p/1_x/migration.sql',
  sql: `-- <script>alert("1")</script>`,
  proof: PROOF,
  stored: 'none',
  hazards: [
    {
      id: 'drop-column',
      severity: 'error',
      migration: '1_x',
      file: '/p/1_x/migration.sql',
      line: 3,
      column: 1,
      statement: 1,
      lock: 'ACCESS EXCLUSIVE',
      blocks: 'reads and writes',
      message: 'The column <n> goes.',
    },
  ],
}

test('text of a project is escaped, and the report loads and runs nothing', () => {
  const html = htmlReport({ project: 'a<b>', at: AT }, [MIGRATION])
  expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;')
  expect(html).toContain('column a&lt;b&gt;.c')
  expect(html).toContain('The column &lt;n&gt; goes.')
  expect(html).not.toMatch(/<script|<link|src=|https?:|<n>|<b>/)
})

test('starts with the date and a summary, and links to migrations and lines', () => {
  const sql = `SELECT 1;\n\nSELECT '${'x'.repeat(500)}';\n`
  const { proof: _, ...untested } = { ...MIGRATION, name: '2_y', hazards: [] }
  const html = htmlReport({ project: 'p', at: AT }, [{ ...MIGRATION, sql }, untested])
  expect(html).toContain('<time datetime="2026-02-03T04:05:00.000Z">2026-02-03 04:05 UTC</time>')
  expect(html).toContain(
    '2 migrations: 1 with a proven down migration; 1 not tested; 1 hazard, 1 of severity error.',
  )
  const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
  expect(links).toEqual(['1_x', '2_y', '1_x-line-3'])
  for (const id of links) expect(html).toContain(` id="${id}"`)
  expect(html).toContain(`SELECT '${'x'.repeat(500)}';</span>`)
})

test('a table lock is drawn from its statement to the end of its transaction, with the heaviest on top', () => {
  const html = htmlReport({ project: 'p', at: AT }, [MIGRATION])
  const bars = [...html.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="20" width="([\d.]+)"/g)]
  expect(bars.map(([, kind, from, width]) => [kind, Number(from) + Number(width) > 859])).toEqual([
    ['writes', true],
    ['all', true],
  ])
  expect(Number(bars[0]?.[2])).toBe(190)
  expect(Number(bars[1]?.[2])).toBeGreaterThan(190)
  expect(html).not.toMatch(/users_pkey|quiet/)
})

test('each table is drawn with its changes', () => {
  const html = htmlReport({ project: 'p', at: AT }, [MIGRATION])
  expect(html).toContain('table users</h4><ul><li class="added">+ column n</li></ul>')
  expect(html).toContain('− index old')
})

test('the same input gives the same file', () => {
  expect(htmlReport({ project: 'p', at: AT }, [MIGRATION, MIGRATION])).toBe(
    htmlReport({ project: 'p', at: AT }, [MIGRATION, MIGRATION]),
  )
})

test('the waits of queries are drawn over time, with the statements in the background and escaped tables', () => {
  const waits = { queries: 3, medianMs: 1, longestMs: 90 }
  const load: NonNullable<ReportedMigration['load']> = {
    tables: [{ table: '"a<b>"', rows: 5000, wanted: 5000, from: 'flag' }],
    leftOut: [],
    waits: [
      {
        class: 'write',
        table: '"a<b>"',
        before: waits,
        during: { ...waits, failed: 0 },
        statement: 1,
        timeline: [{ atMs: 50, longestMs: 90 }],
      },
    ],
    window: { from: 40, to: 100 },
    spans: [{ statement: 1, line: 2, from: 50, to: 100 }],
    status: 'done',
    attempts: 1,
    lockWaitMs: 0,
  }
  const html = htmlReport({ project: 'p', at: AT }, [{ ...MIGRATION, load }])
  expect(html).toContain('&quot;a&lt;b&gt;&quot;, 5,000 rows')
  expect(html).toContain('statement 1, line 2: 50 ms')
  expect(html).toMatch(/<path class="write" d="M460 168V/)
  expect(html).not.toMatch(/<script|<b>/)
})
