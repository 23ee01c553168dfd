import pg from 'pg'
import { createDatabase } from '../postgres.ts'
import { readNames } from './catalog-names.ts'
import { fillingStatements } from './filling.ts'
import { createRandom, type Random } from './random.ts'
import { randomStatement } from './statements.ts'

/** A migration, and the rows that are written after it, outside of any migration. */
export interface HistoryStep {
  readonly statements: readonly string[]
  readonly rows: readonly string[]
}

/** A history to deploy: first the initial schema, then the migrations. */
export type TestHistory = readonly HistoryStep[]

const BEGINNING = [
  `CREATE SCHEMA "audit"`,
  `CREATE TYPE "Mood" AS ENUM ('sad', 'ok', 'it''s')`,
  `CREATE TABLE "item" ("id" serial PRIMARY KEY, "a" integer, "b" text DEFAULT 'b''s', "mood" "Mood" NOT NULL DEFAULT 'ok')`,
  `CREATE TABLE "Order" ("id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, "a" integer REFERENCES "item" ("id") ON DELETE CASCADE, "C c" text)`,
  `CREATE TABLE "audit"."log" ("id" integer, "note" varchar(40), "total" numeric(8,2))`,
]

/** Makes the history of a seed, from statements that the server accepted one after the other, with rows. */
export async function makeHistory(seed: number, migrations?: number): Promise<TestHistory> {
  const random = createRandom(seed)
  const count = migrations ?? 2 + Math.min(random.below(5), random.below(5))
  return await onTrial(async (client) => {
    const beginning = await proposeStep(client, random, { first: BEGINNING, more: 5, filled: true })
    const steps = [beginning]
    for (let index = 0; index < count; index++) {
      const filled = index + 1 < count && random.once(2)
      steps.push(
        await proposeStep(client, random, { first: [], more: 2 + random.below(6), filled }),
      )
    }
    return steps
  })
}

/** The statements of a history that the server accepts, after some were left out. */
export async function possibleHistory(history: TestHistory): Promise<TestHistory> {
  return await onTrial(async (client) => {
    const steps: HistoryStep[] = []
    for (const { statements, rows } of history) {
      const taken = await inTransaction(client, () => acceptedStatements(client, statements))
      steps.push({
        statements: taken,
        rows: await inTransaction(client, () => acceptedStatements(client, rows)),
      })
    }
    return steps
  })
}

interface Proposal {
  readonly first: readonly string[]
  /** How many random statements follow. */
  readonly more: number
  readonly filled: boolean
}

async function proposeStep(
  client: pg.Client,
  random: Random,
  { first, more, filled }: Proposal,
): Promise<HistoryStep> {
  const statements = await inTransaction(client, async () => {
    const taken = await acceptedStatements(client, first)
    let names = await readNames(client)
    for (let tries = 0; taken.length < first.length + more && tries < more * 6; tries++) {
      const statement = randomStatement(random, names)
      if (statement === undefined || !(await isAccepted(client, statement))) continue
      taken.push(statement)
      names = await readNames(client)
    }
    return taken
  })
  if (!filled) return { statements, rows: [] }
  const proposed = fillingStatements(random, await readNames(client))
  return {
    statements,
    rows: await inTransaction(client, () => acceptedStatements(client, proposed)),
  }
}

async function onTrial<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  client.on('error', () => {})
  try {
    await client.query('SET statement_timeout = 2000')
    return await work(client)
  } finally {
    await client.end()
    await database.drop()
  }
}

/** Runs `work` in a transaction. Returns no statements if it cannot be committed. */
async function inTransaction(client: pg.Client, work: () => Promise<string[]>): Promise<string[]> {
  await client.query('BEGIN')
  const taken = await work()
  return await client.query('SET CONSTRAINTS ALL IMMEDIATE; COMMIT').then(
    () => taken,
    async () => {
      await client.query('ROLLBACK')
      return []
    },
  )
}

async function acceptedStatements(
  client: pg.Client,
  proposed: readonly string[],
): Promise<string[]> {
  const taken: string[] = []
  for (const statement of proposed) if (await isAccepted(client, statement)) taken.push(statement)
  return taken
}

/** Runs a statement in the open transaction. Returns whether PostgreSQL accepts it. */
async function isAccepted(client: pg.Client, statement: string): Promise<boolean> {
  await client.query('SAVEPOINT trial')
  return await client.query(statement).then(
    async () => {
      await client.query('RELEASE trial')
      return true
    },
    async () => {
      await client.query('ROLLBACK TO trial')
      return false
    },
  )
}
