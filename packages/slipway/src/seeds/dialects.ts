import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { TextKind } from './data-file.ts'
import type { SeedFinding, VerifyRequest } from './finding.ts'
import { readPostgresSeedLedger, type SeedRecord } from './ledger.ts'
import {
  postgresIdentity,
  postgresTextKind,
  readPostgresRows,
  withSnapshot as withPostgresSnapshot,
} from './postgres/source-rows.ts'
import { runPostgresSeeds } from './run.ts'
import type { SeedOutcome, SeedRequest } from './seed-request.ts'
import type { Selection } from './selection.ts'
import type { SeedRow } from './set.ts'
import type { TargetColumn } from './target-tables.ts'
import { verifyPostgresSeeds } from './verify.ts'

/** How rows are read for export to files. */
interface RowReading {
  /**
   * Streams the rows of a selection as texts, ordered by their first `keys` fields. Must run in
   * `withSnapshot`.
   */
  readRows(session: Session, selection: Selection, keys: number): AsyncGenerator<SeedRow>
  textKind(column: TargetColumn): TextKind
}

/** The seed operations of one dialect. */
interface Seeding extends RowReading {
  run(session: Session, request: SeedRequest): Promise<SeedOutcome[]>
  verify(session: Session, request: VerifyRequest): Promise<SeedFinding[]>
  readLedger(session: Session): Promise<readonly SeedRecord[]>
  snapshot<T>(session: Session, work: () => Promise<T>): Promise<T>
  /** Identifies a database, so that a sync can tell its two databases apart. */
  identity(session: Session): Promise<string>
}

const SEEDING: ByDialect<() => Promise<Seeding>> = {
  postgres: async () => ({
    run: runPostgresSeeds,
    verify: verifyPostgresSeeds,
    readLedger: readPostgresSeedLedger,
    snapshot: withPostgresSnapshot,
    identity: postgresIdentity,
    readRows: readPostgresRows,
    textKind: postgresTextKind,
  }),
  async sqlite() {
    const [
      { runSqliteSeeds: run },
      { verifySqliteSeeds: verify },
      { readSqliteSeedLedger: readLedger },
      { refuseSync: identity },
      reading,
    ] = await Promise.all([
      import('./sqlite/run.ts'),
      import('./sqlite/verify.ts'),
      import('./sqlite/ledger.ts'),
      import('./sqlite/refuse-sync.ts'),
      import('./sqlite/source-rows.ts'),
    ])
    const {
      withSqliteSnapshot: snapshot,
      readSqliteRows: readRows,
      sqliteTextKind: textKind,
    } = reading
    return { run, verify, readLedger, snapshot, identity, readRows, textKind }
  },
}

/** Runs sets on a target: see `run.ts` and `sqlite/run.ts`. */
export async function runSeeds(session: Session, request: SeedRequest): Promise<SeedOutcome[]> {
  const { run } = await SEEDING[dialectOf(session)]()
  return await run(session, request)
}

/** Compares every row of sets with a database, without changes: see `verify.ts` and `sqlite/verify.ts`. */
export async function verifySeeds(
  session: Session,
  request: VerifyRequest,
): Promise<SeedFinding[]> {
  const { verify } = await SEEDING[dialectOf(session)]()
  return await verify(session, request)
}

/** All sets that this project ran on a database; empty if it never ran one. */
export async function readSeedLedger(session: Session): Promise<readonly SeedRecord[]> {
  const { readLedger } = await SEEDING[dialectOf(session)]()
  return await readLedger(session)
}

/** Runs `work` on one snapshot of a database: see `postgres/source-rows.ts` and `sqlite/source-rows.ts`. */
export async function withSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { snapshot } = await SEEDING[dialectOf(session)]()
  return await snapshot(session, work)
}

/** Identifies a database whatever its connection string is. Fails with SEEDS.NOT_ON_SQLITE on SQLite. */
export async function databaseIdentity(session: Session): Promise<string> {
  const { identity } = await SEEDING[dialectOf(session)]()
  return await identity(session)
}

/** How the rows of a database are read for export to files. */
export async function rowReading(session: Session): Promise<RowReading> {
  return await SEEDING[dialectOf(session)]()
}
