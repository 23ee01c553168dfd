import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { ConnectionString } from '../../src/kernel/index.ts'
import {
  type OwnerMode,
  runSeeds,
  type SeedOutcome,
  type SeedRow,
  type SeedSet,
  verifySeeds,
} from '../../src/seeds/index.ts'
import { runCli, startCli } from '../cli.ts'
import { createTarget, type TestTarget } from '../target.ts'

// A seed has the same result however often, by how many processes and after which crash it runs. A set owns
// only the rows that it inserted.

const FULL = process.env['FULL'] === '1'
const CARRIERS = path.join(import.meta.dirname, '../../../../examples/carriers')
const ARGS = ['seed', 'run', '--env', 'testing']

async function carriers(): Promise<TestTarget> {
  const target = await createTarget()
  const deployed = await runCli(['deploy', '--env', 'testing'], { cwd: CARRIERS, url: target.url })
  expect(deployed.code, deployed.stderr).toBe(0)
  return target
}

/** The seeded rows, without ids and times, which the seed does not set. */
async function contentOf(target: TestTarget) {
  return await target.sql(`SELECT count(*)::int AS rows, md5(string_agg(row, chr(10) ORDER BY row)) AS sum FROM (
    SELECT 'c' || (to_jsonb(c) - 'id' - 'created_at' - 'updated_at')::text FROM carriers c
    UNION ALL SELECT 'p' || (to_jsonb(p) - 'id' - 'carrier_id' - 'created_at' - 'updated_at')::text || c.mc_number FROM contacts p JOIN carriers c ON c.id = carrier_id
    UNION ALL SELECT 'i' || (to_jsonb(i) - 'id' - 'carrier_id' - 'created_at' - 'updated_at')::text || c.mc_number FROM insurance_policies i JOIN carriers c ON c.id = carrier_id
    UNION ALL SELECT 'l' || (to_jsonb(l) - 'id' - 'carrier_id' - 'created_at' - 'updated_at')::text || coalesce(c.mc_number, '') FROM loads l LEFT JOIN carriers c ON c.id = carrier_id
    UNION ALL SELECT 'o' || relation || key::text FROM slipway.seed_row WHERE relation NOT IN ('public.contacts')
  ) AS all_rows (row)`)
}

test('twenty concurrent runs: one writes, none writes twice, none fails', async () => {
  const target = await carriers()
  try {
    const runs = await Promise.all(
      Array.from({ length: 20 }, () => runCli(ARGS, { cwd: CARRIERS, url: target.url })),
    )
    const said = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n')
    expect(
      runs.map(({ code }) => code),
      said,
    ).toEqual(runs.map(() => 0))
    expect(said).not.toMatch(/deadlock/i)
    expect(runs.filter(({ stdout }) => stdout.includes('nothing to write'))).toHaveLength(19)
    const verified = await runCli(['seed', 'verify', '--env', 'testing'], {
      cwd: CARRIERS,
      url: target.url,
    })
    expect(verified.code, verified.stdout).toBe(0)
  } finally {
    await target.drop()
  }
}, 900_000)

test(
  'a run that is killed at any point and repeated has the same result',
  async () => {
    const points = FULL ? 200 : 4
    const undisturbed = await carriers()
    const began = performance.now()
    await runCli(ARGS, { cwd: CARRIERS, url: undisturbed.url })
    let ms = performance.now() - began
    const expected = await contentOf(undisturbed)
    await undisturbed.drop()
    const template = await carriers()
    let killed = 0
    for (let point = 0; point < points; point++) {
      const target = await createTarget({ template: template.name })
      const { child, ended } = startCli(ARGS, { cwd: CARRIERS, url: target.url })
      // Most of the time is start-up: rows are written in the second half.
      await sleep(ms * (0.3 + (0.7 * point) / points))
      child.kill('SIGKILL')
      if ((await ended).code === null) killed++
      // It was faster than the undisturbed run, so later runs are killed earlier.
      else ms *= 0.8
      const again = await runCli(ARGS, { cwd: CARRIERS, url: target.url })
      expect(again.code, again.stdout + again.stderr).toBe(0)
      expect(await contentOf(target)).toEqual(expected)
      await target.drop()
    }
    await template.drop()
    process.stderr.write(`${killed} of ${points} killed before their end\n`)
    expect(killed).toBeGreaterThan(points / 4)
  },
  4 * 3_600_000,
)

interface Column {
  readonly type: string
  readonly values: readonly SeedRow[string][]
}

const COLUMNS: readonly Column[] = [
  { type: 'integer', values: [0, -1, 2147483647, null] },
  { type: 'text', values: ['', 'x\ty\n\\.', 'Zoë ✓', null] },
  { type: 'numeric(10,2)', values: ['1.50', 2, null] },
  { type: 'boolean', values: [true, false, null] },
  { type: 'timestamptz', values: [new Date(0), '2026-02-28T12:00:00Z', null] },
  { type: 'jsonb', values: [{ a: [1, { b: null }] }, [], '"text"', null] },
  { type: 'text[]', values: [['a', 'b,"{}'], [], null] },
  { type: 'uuid', values: ['00000000-0000-4000-8000-000000000001', null] },
  { type: 'json', values: [{ z: 1, a: 2 }, null] },
  { type: 'bytea', values: [new Uint8Array([0, 92, 255]), null] },
]

interface Shape {
  readonly columns: readonly number[]
  /** The number of the table that it refers to: possibly itself, or one that refers back. */
  readonly parent: number | undefined
  readonly mode: OwnerMode
}

interface Picked {
  readonly key: number
  readonly values: readonly number[]
  readonly parent: number
}

const shape: fc.Arbitrary<Shape> = fc.record({
  columns: fc.array(fc.nat(COLUMNS.length - 1), { minLength: 1, maxLength: 3 }),
  parent: fc.option(fc.nat(2), { nil: undefined }),
  mode: fc.constantFrom<OwnerMode>('insert-missing', 'upsert', 'own'),
})
const rows: fc.Arbitrary<Picked[]> = fc.uniqueArray(
  fc.record({
    key: fc.nat(9),
    values: fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }),
    parent: fc.nat(9),
  }),
  { maxLength: 6, selector: ({ key }) => key },
)
const world = fc.record({
  shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
  first: fc.array(rows, { minLength: 3, maxLength: 3 }),
  second: fc.array(rows, { minLength: 3, maxLength: 3 }),
})

const parentOf = ({ parent }: Shape, count: number) =>
  parent === undefined ? undefined : parent % count

function schemaOf(shapes: readonly Shape[]): string {
  const tables = shapes.map(
    ({ columns }, at) =>
      `CREATE TABLE t${at} (id serial PRIMARY KEY, k text NOT NULL UNIQUE, ${columns.map((kind, n) => `v${n} ${COLUMNS[kind]?.type}`).join(', ')}, p integer);`,
  )
  const keys = shapes.flatMap((one, at) => {
    const parent = parentOf(one, shapes.length)
    return parent === undefined
      ? []
      : [`ALTER TABLE t${at} ADD FOREIGN KEY (p) REFERENCES t${parent} (id);`]
  })
  return [...tables, ...keys].join('\n')
}

/** The rows of a table. They refer only to rows of the seed. */
function seedRows(
  shapes: readonly Shape[],
  all: readonly (readonly Picked[])[],
  at: number,
): SeedRow[] {
  const own = shapes[at]
  if (own === undefined) return []
  const parent = parentOf(own, shapes.length)
  const parents = parent === undefined ? [] : (all[parent] ?? [])
  return (all[at] ?? []).map(({ key, values, parent: wish }) => {
    const referred = parents[wish % (parents.length + 1)]
    return {
      k: `k${key}`,
      ...Object.fromEntries(
        own.columns.map((kind, n) => {
          const { values: possible = [] } = COLUMNS[kind] ?? {}
          return [`v${n}`, possible[(values[n] ?? 0) % possible.length] ?? null]
        }),
      ),
      ...(parent === undefined ? {} : { p: { k: referred ? `k${referred.key}` : null } }),
    }
  })
}

function setOf(
  shapes: readonly Shape[],
  all: readonly (readonly Picked[])[],
  version: number,
): SeedSet {
  return {
    name: 'random',
    file: 'random.ts',
    version,
    environments: ['testing'],
    dependsOn: [],
    checksum: `${version}`,
    tables: shapes.map(({ mode }, at) => ({
      name: `t${at}`,
      key: ['k'],
      mode,
      sensitive: [],
      rows: seedRows(shapes, all, at),
    })),
  }
}

test(
  'for any schema and rows: run, change, run, verify; the mode own removes rows that it inserted',
  async () => {
    const runs = FULL ? 200 : 6
    await fc.assert(
      fc.asyncProperty(world, async ({ shapes, first, second }) => {
        const target = await createTarget()
        try {
          await target.sql(schemaOf(shapes))
          // A row that no seed contains.
          for (const at of shapes.keys()) await target.sql(`INSERT INTO t${at} (k) VALUES ('own')`)
          const seeded = async (set: SeedSet) =>
            withSession(
              { kind: 'postgres', url: new ConnectionString(target.url) },
              {},
              async (session) => {
                const names = () => ({ models: [], enums: [], qualified: false })
                const emit = () => {}
                const author = { by: 'test' }
                const request = {
                  sets: [set],
                  names,
                  pending: [],
                  author,
                  dryRun: false,
                  consent: async () => {},
                  emit,
                }
                const done = await runSeeds(session, request)
                const again = await runSeeds(session, request)
                expect(written(again)).toBe(0)
                const found = await verifySeeds(session, { sets: [set], names, emit })
                expect(found).toEqual([])
                return done
              },
            )
          const keys = async (at: number) =>
            (await target.sql(`SELECT k FROM t${at} ORDER BY k`)).map(({ k }) => String(k))
          await seeded(setOf(shapes, first, 1))
          // Referenced rows cannot be deleted, so references are removed first, as a person would do.
          if (shapes.some(({ parent }) => parent !== undefined))
            for (const at of shapes.keys()) await target.sql(`UPDATE t${at} SET p = NULL`)
          await seeded(setOf(shapes, second, 2))
          for (const [at, { mode }] of shapes.entries()) {
            const once = (first[at] ?? []).map(({ key }) => `k${key}`)
            const now = (second[at] ?? []).map(({ key }) => `k${key}`)
            const left = mode === 'own' ? [] : once
            expect(await keys(at)).toEqual([...new Set(['own', ...left, ...now])].toSorted())
          }
        } finally {
          await target.drop()
        }
      }),
      { numRuns: runs, endOnFailure: true, ...(FULL ? {} : { seed: 20261121 }) },
    )
  },
  4 * 3_600_000,
)

function written(outcomes: readonly SeedOutcome[]): number {
  return outcomes
    .flatMap(({ tables }) => tables)
    .reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0)
}
