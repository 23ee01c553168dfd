import pg from 'pg'
import { measure } from '../measure.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import type { BenchServer } from '../server.ts'
import type { ProofRun } from './check.ts'
import { writeProject } from './corpus.ts'
import { underTraffic, type Stall } from './stalls.ts'

/** How long one piece of work took on the server in each run, in ms. */
export interface KeepRuns {
  readonly name: string
  readonly ms: readonly number[]
  /** The longest waits of other sessions in each run, if there were any. */
  readonly stalls: readonly Stall[]
}

interface Measured {
  readonly ms: number
  readonly stall?: Stall
}

export interface KeepRun extends ProofRun {
  readonly server: BenchServer
  /** The number of rows of the large table. */
  readonly rows: number
}

const SMALL = 1000
const TABLE = `CREATE TABLE "big" ("id" integer PRIMARY KEY, "name" text NOT NULL, "note" text, "at" timestamptz DEFAULT now());
CREATE INDEX "big_name_idx" ON "big" ("name");\n`
const DROP_TABLE = 'DROP TABLE "big";\n'
const DROP_COLUMN = 'ALTER TABLE "big" DROP COLUMN "note";\n'
const COPY = 'CREATE TABLE copied AS SELECT "id", "note" FROM "big"'
/** Statements that change rows: measured in a deploy that keeps them, and bare. */
const ROW_CHANGES = [
  ['DELETE', 'DELETE FROM "big"'],
  ['UPDATE', `UPDATE "big" SET "note" = 'x'`],
] as const

/**
 * Measures the cost of keeping: dropping a small and a large table, and a column, compared with a copy of
 * it; then a DELETE and an UPDATE of all rows, each compared with the bare statement; and how long other
 * sessions wait in the meantime.
 */
export async function measureKeeping(run: KeepRun): Promise<KeepRuns[]> {
  const { rows, rounds } = run
  const sizes = [Math.min(SMALL, rows), rows]
  const cases = [
    ...sizes.map((size) => ({
      name: `DROP TABLE of ${size.toLocaleString('en-US')} rows, kept`,
      measure: () => deployMs(run, DROP_TABLE, size),
    })),
    {
      name: `DROP COLUMN of ${rows.toLocaleString('en-US')} rows, kept`,
      measure: () => deployMs(run, DROP_COLUMN, rows),
    },
    {
      name: `CREATE TABLE AS of its key and values`,
      measure: () => onTable(run, rows, (client) => timed(() => client.query(COPY))),
    },
    ...ROW_CHANGES.flatMap(([word, sql]) => {
      const what = `${word} of ${rows.toLocaleString('en-US')} rows`
      const bare = (client: pg.Client) => timed(() => client.query(sql))
      return [
        { name: `${what}, kept`, measure: () => deployMs(run, `${sql};\n`, rows) },
        { name: `${what}, bare`, measure: () => onTable(run, rows, bare) },
        {
          name: `${what}, kept, beside others`,
          measure: () => deployMs(run, `${sql};\n`, rows, underTraffic),
        },
        {
          name: `${what}, bare, beside others`,
          measure: () =>
            onTable(run, rows, async (client, url) => {
              const { value, stall } = await underTraffic(url, () => bare(client))
              return { ...value, stall }
            }),
        },
      ]
    }),
  ]
  const found = cases.map(({ name }) => ({ name, ms: [] as number[], stalls: [] as Stall[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, one] of cases.entries()) {
      const { ms, stall }: Measured = await one.measure()
      run.onRun(`${one.name}: ${ms.toFixed(1)} ms`)
      found[index]?.ms.push(ms)
      if (stall) found[index]?.stalls.push(stall)
    }
  }
  return found
}

/** The time in a deploy's receipt: from before the migration is sent until it is committed. */
async function deployMs(
  run: KeepRun,
  sql: string,
  rows: number,
  beside?: typeof underTraffic,
): Promise<Measured> {
  return await onTable(run, rows, async (client, url) => {
    await client.query('CHECKPOINT')
    const project = writeProject(run.folder, { '1_table': TABLE, '2_drop': sql })
    const deploy = () => measure(slipwayCommand(project, ['deploy', '--json', '--url', url]))
    const { value: result, stall } = beside
      ? await beside(url, deploy)
      : { value: await deploy(), stall: undefined }
    if (!result.ok) throw new Error(result.reason)
    const { result: said } = JSON.parse(result.stdout) as {
      result: { receipts: { ms: number }[]; kept: unknown[] }
    }
    const [receipt] = said.receipts
    if (receipt === undefined || said.kept.length !== 1) throw new Error('nothing was kept')
    return { ms: receipt.ms, ...(stall ? { stall } : {}) }
  })
}

/** Runs work on a database with the first migration deployed and the table filled. */
async function onTable<T>(
  run: KeepRun,
  rows: number,
  work: (client: pg.Client, url: string) => Promise<T>,
): Promise<T> {
  const { server, folder } = run
  const url = await server.createDatabase()
  const project = writeProject(folder, { '1_table': TABLE })
  const made = await measure(slipwayCommand(project, ['deploy', '--url', url]))
  if (!made.ok) throw new Error(made.reason)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO "big" SELECT n, 'name ' || n, md5(n::text) FROM generate_series(1, ${rows}) AS n`,
    )
    await client.query('VACUUM ANALYZE "big"')
    return await work(client, url)
  } finally {
    await client.end()
    await server.dropDatabase(url)
  }
}

async function timed(work: () => Promise<unknown>): Promise<Measured> {
  const began = performance.now()
  await work()
  return { ms: performance.now() - began }
}
