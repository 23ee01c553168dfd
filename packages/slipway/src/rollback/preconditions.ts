import type { Session } from '../database/index.ts'
import { type Comparison, type History } from '../history/index.ts'
import { advice, command } from '../kernel/index.ts'
import { appliedRows } from '../plan/index.ts'
import type { Change } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'
import { raise } from './failures.ts'
import {
  correctionOf,
  type DownVerdict,
  type PreparedDown,
  type Reversible,
} from './prepared-down.ts'
import type { RollbackOutcome, RollbackRequest } from './rollback.ts'

/** The outcome of a rollback with nothing to do: the migration that is to stay is the last one. */
export function nothingLeft({ server: { database } }: Session): RollbackOutcome {
  const testRun = { kind: 'not-tested' as const, reason: 'there is nothing to roll back' }
  return { database, downs: [], testRun, receipts: [], kept: [], unrestored: [] }
}

/** Replaced migrations have no file, so the squash must be recorded first. */
export function refuseUnrecorded({ squashed }: Comparison): void {
  const squash = squashed.find(({ kind }) => kind === 'whole' || kind === 'left-over')
  if (!squash) return
  raise('ROLLBACK.SQUASHED', {
    message: `${squash.migration} replaces ${squash.replaces.length} migrations that are applied here, and is not recorded yet.`,
    nextActions: [
      command(['deploy'], 'record the squash'),
      advice('Or check out the commit before the squash, and roll back there.'),
    ],
  })
}

/**
 * Refuses to roll back a squash: that would roll back all migrations that it replaces, perhaps of several
 * years.
 */
export function refuseSquashed(names: readonly string[], { squashed }: Comparison): void {
  const squash = squashed.find(
    ({ kind, migration }) => kind === 'recorded' && names.includes(migration),
  )
  if (!squash) return
  const more = names[0] !== squash.migration
  raise('ROLLBACK.SQUASHED', {
    message: `${squash.migration} was not run here: it replaces ${squash.replaces.length} migrations that ran one by one.`,
    why: 'Its down migration would roll back all of them together, with their tables.',
    nextActions: [
      ...(more
        ? [command(['rollback', '--to', squash.migration], 'roll back the migrations after it')]
        : []),
      advice('To undo a part of it, write a new migration.'),
    ],
  })
}

/** The applied migrations with their files; `resuming` is one that a crash interrupted. */
export function appliedFiles(
  history: History,
  request: RollbackRequest,
  resuming: string | undefined,
): Reversible[] {
  const files = new Map(request.migrations.map((migration) => [migration.name, migration]))
  const names = appliedRows(history).map(({ name }) => name)
  return [...names, ...(resuming === undefined ? [] : [resuming])].map((name) => {
    const file = files.get(name)
    if (file) return file
    return raise('ROLLBACK.NOT_APPLIED_HERE', {
      message: `${name} is applied, but the project does not have it.`,
      nextActions: [advice('Check out the branch that has it.')],
    })
  })
}

/**
 * Down migrations that do not restore the schema need acceptance. One that could not be written is never run:
 * only the history would be rolled back. Fails with ROLLBACK.DOWN_INCOMPLETE.
 */
export function refuseUnproven(
  testRun: DownVerdict,
  downs: readonly PreparedDown[],
  request: RollbackRequest,
): void {
  for (const down of downs) {
    const { plan, announced } = down
    const irreversible = announced.find((one) => one.kind === 'irreversible')
    if (irreversible === undefined || plan.statements.length > 0) continue
    raise('ROLLBACK.DOWN_INCOMPLETE', {
      message: `There is no down migration for ${plan.name}: Slipway could not write one.`,
      why: `${irreversible.reason} The target was not changed.`,
      nextActions: [correctionOf(down, 'write it')],
    })
  }
  if (testRun.kind !== 'incomplete' || request.acceptUnproven) return
  const [only] = downs
  raise('ROLLBACK.DOWN_INCOMPLETE', {
    message: `The down migration does not restore ${nameChanges(testRun.changes)}.`,
    why: 'It ran on a shadow database, and the schema after it differs from the one before. The target was not changed.',
    nextActions: [
      only && downs.length === 1
        ? correctionOf(only, 'complete it')
        : advice('Complete the down.sql that does not restore the schema.'),
      command(['rollback', '--accept', 'unproven'], 'run it anyway'),
    ],
  })
}

/** The names of the first five changed objects, and how many more there are. */
export function nameChanges(changes: readonly Change[]): string {
  return listed(changes.map(({ object }) => objectText(object)))
}

/** The first five names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
