import type { Session } from '../../database/index.ts'
import type { Grade } from '../../down/index.ts'
import type { Failure } from '../../kernel/index.ts'
import { differingObjects } from '../../schema/index.ts'
import {
  checksum,
  type Destruction,
  destructionKey,
  distinctDestructions,
  objectKey,
  parseMigration,
  parserFor,
} from '../../statements/index.ts'
import type { Migration } from '../../statements/index.ts'
import { reasonsAgainstDown, sentence } from '../down-reasons.ts'
import type { OnShadow, Proof, ProveOptions } from '../prove.ts'
import { necessarilyEmptyTables } from './always-empty.ts'
import { sqliteEvidenceGaps } from './evidence.ts'
import { FIRST_START, runSqliteUpDownUp, type SqliteTestRun, type RowRefusal } from './test-run.ts'

/**
 * Proves a SQLite migration: up, down, up again, on generated rows, with schemas and all rows compared. If
 * rows stop it, the run starts over on another shadow database. Fails with SHADOW.REPLAY_FAILED if the
 * migration does not run.
 */
export async function proveOnSqlite(
  onShadow: OnShadow,
  options: Pick<ProveOptions, 'migration' | 'down'>,
): Promise<Proof> {
  const migration = parseMigration(options.migration, await parserFor('sqlite'))
  let start = FIRST_START
  for (;;) {
    const found = await onShadow(async (session) => {
      const outcome = await runSqliteUpDownUp(session, { migration, down: options.down }, start)
      return outcome.kind === 'tested' ? { ...outcome, shadow: shadowOf(session) } : outcome
    })
    if (found.kind === 'tested') return proofOf(migration, found.testRun, found.shadow)
    start = found.from
  }
}

function shadowOf({ kind, server }: Session): Proof['shadow'] {
  return { kind, version: server.version }
}

function proofOf(migration: Migration, testRun: SqliteTestRun, shadow: Proof['shadow']): Proof {
  const { before, after, trace, filling, down, downMs, rows, notRestored } = testRun
  const vacant = necessarilyEmptyTables(testRun)
  const gaps = sqliteEvidenceGaps({ ...testRun, migration, vacant })
  const lost = lostData(testRun)
  const grade = gradeOfFiles(testRun, { lost, gaps })
  const reasons = [...reasonsOf(testRun), ...(grade === 'not proven' ? gaps : [])]
  const schemaEqual = testRun.downFails?.onEmpty !== false && notRestored.length === 0
  return {
    migration: migration.name,
    checksums: { up: migration.checksum, down: checksum(down.sql) },
    shadow,
    ...(grade === undefined ? {} : { grade }),
    proven: reasons.length === 0,
    reasons,
    conditions: conditionsOf(testRun),
    schemaEqual,
    rowsEqual: schemaEqual && rows.lost.length === 0 && rows.grown.length === 0,
    lost,
    left: rows.grown,
    rows: filling.rows,
    emptyTables: filling.empty.map(({ name }) => name),
    upMs: trace.ms,
    downMs,
    changes: differingObjects(before.fingerprint, after.fingerprint),
    statements: trace.statements,
    locks: [],
    rewrites: [],
    scans: [],
    effects: trace.effects,
    unseen: [],
  }
}

/**
 * The data that the statements destroy, except values that the run saw change and then saw restored, and the
 * data that the run found missing. The rows of a dropped table are not listed separately.
 */
function lostData(testRun: SqliteTestRun): Destruction[] {
  const { losses, rows, touched, downFails } = testRun
  const isAmong = (one: Destruction, all: readonly Destruction[]) =>
    all.some((other) => destructionKey(one) === destructionKey(other))
  const stays = losses.filter(
    (one) =>
      one.what !== 'values' ||
      downFails !== undefined ||
      !isAmong(one, touched.lost) ||
      isAmong(one, rows.lost),
  )
  const gone = new Set(
    losses.flatMap(({ what, object }) => (what === 'object' ? [objectKey(object)] : [])),
  )
  return distinctDestructions([
    ...stays,
    ...rows.lost.filter(({ object }) => !gone.has(objectKey(object))),
  ])
}

function gradeOfFiles(
  { downFails, notRestored, rows }: SqliteTestRun,
  { lost, gaps }: { readonly lost: readonly Destruction[]; readonly gaps: readonly string[] },
): Grade | undefined {
  if (downFails?.onEmpty === false) return 'irreversible'
  if (notRestored.length > 0) return undefined
  if (lost.length > 0 || rows.grown.length > 0) return 'lossy'
  return gaps.length > 0 ? 'not proven' : 'lossless'
}

function reasonsOf(testRun: SqliteTestRun): string[] {
  const { start, filling } = testRun
  const refused = start.failsOnRows && filling.rows === 0 ? [refusalOf(start.failsOnRows)] : []
  return [...refused, ...reasonsAgainstDown(testRun, { says: messageOf, kept: false })]
}

/** Conditions of the proof: rows that stopped the migration, if it ran on simpler ones. */
function conditionsOf({ start, filling }: SqliteTestRun): string[] {
  const { failsOnRows, unfilledTables } = start
  return [
    ...(failsOnRows && filling.rows > 0 && unfilledTables.length === 0
      ? [refusalOf(failsOnRows)]
      : []),
    ...(filling.rows > 0 ? unfilledTables : []).map(
      ({ tables, stop }) =>
        `${placeOf(stop)} fails wherever ${tables.join(', ')} has rows: ${sentence(stop.said)}`,
    ),
  ]
}

function refusalOf(stop: RowRefusal): string {
  return `${placeOf(stop)} fails on generated rows: ${sentence(stop.said)}`
}

function placeOf({ statement }: RowRefusal): string {
  return statement ? `Statement ${statement.number}` : 'The end of the migration'
}

function messageOf({ sqlite, why, message }: Failure): string {
  return sentence(sqlite?.message ?? why ?? message)
}
