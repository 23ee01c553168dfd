import type { Hazard, JudgedMigration } from '../../hazard.ts'
import {
  identify,
  inLineEnds,
  inOrder,
  type RemainingHazard,
  type RewriteRequest,
  type RewriteResult,
  applyEdits,
} from '../../rewrite-result.ts'
import { judgeFrom, stateAfter, type SqliteState, stateAfterMigration } from '../judge.ts'
import { runOf } from '../migration-run.ts'
import { addColumns } from './added-column.ts'
import { BY_HAND } from './by-hand.ts'
import { Changes } from './changes.ts'
import { switchKeysOff } from './keys-off.ts'
import { repairRebuilds } from './rebuild-repair.ts'
import { rebuildsToAlter } from './rebuild-to-alter.ts'
import { replaceWords } from './replaced-words.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { dropIndexesFirst, removeSkippedStatements, splitInserts } from './smaller-forms.ts'

/**
 * The order matters: a rebuild that becomes an ALTER TABLE needs no repair, and foreign keys are switched
 * off only for rebuilds that remain.
 */
const FORMS = [
  rebuildsToAlter,
  repairRebuilds,
  addColumns,
  dropIndexesFirst,
  splitInserts,
  replaceWords,
  removeSkippedStatements,
  switchKeysOff,
]

/** Rewrites each SQLite or D1 migration to its safe form. */
export function rewriteSqlite({
  history,
  migrations,
  ...judging
}: RewriteRequest): RewriteResult[] {
  let before = stateAfter(history, judging)
  return migrations.map((migration) => {
    const rewriting = rewriteOne(migration, { before, judging })
    before = stateAfterMigration(before, migration)
    return rewriting
  })
}

interface Given {
  readonly before: SqliteState
  readonly judging: Omit<RewriteRequest, 'history' | 'migrations'>
}

function rewriteOne(migration: JudgedMigration, { before, judging }: Given): RewriteResult {
  const site: RewriteContext = {
    migration,
    run: runOf(before.definitions, migration),
    facts: judging.facts,
    hazards: judgeFrom(before, { ...judging, migrations: [migration] }),
    changes: new Changes(),
    done: new Map(),
    left: new Map(),
    altered: new Set(),
    rebuilt: [],
  }
  for (const form of FORMS) form(site)
  const edits = inLineEnds(site.changes.edits(migration.sql), migration.sql)
  return {
    sql: applyEdits(migration.sql, edits),
    edits,
    rewritten: [...site.done]
      .map(([hazard, done]) => ({ ...identify(hazard), done }))
      .toSorted(inOrder),
    left: site.hazards.flatMap((hazard) => leftOf(hazard, site)).toSorted(inOrder),
  }
}

function leftOf(hazard: Hazard, { done, left }: RewriteContext): RemainingHazard[] {
  if (done.has(hazard)) return []
  const reason = left.get(hazard) ?? BY_HAND[hazard.id]
  return reason === undefined ? [] : [{ ...identify(hazard), reason }]
}
