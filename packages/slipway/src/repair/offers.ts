import { type SchemaScript, scriptSql, choiceText } from '../schema/index.ts'
import { changesRowsOnly, type Migration } from '../statements/index.ts'
import type { Decision, Offer, StopPoint } from './diagnosis.ts'
import { type PartialMigration, scriptToStart } from './partial-migration.ts'

const FLAGS: Readonly<Record<Decision['kind'], readonly string[]>> = {
  finish: ['--finish'],
  undo: ['--undo'],
  'mark-applied': ['--mark', 'applied'],
  'mark-rolled-back': ['--mark', 'rolled-back'],
  'accept-edit': ['--accept-edit'],
  'keep-one-row': ['--keep-one-row'],
}

/** A decision as the flags of `repair`. */
export function decisionArgs(decision: Decision): readonly string[] {
  const flags = FLAGS[decision.kind]
  if (decision.kind === 'finish' && decision.from !== undefined)
    return [...flags, '--from', String(decision.from)]
  return decision.kind === 'accept-edit' && decision.harmlessOnly ? [...flags, '--harmless'] : flags
}

/** An offer, with the command that chooses it. */
export function offer(decision: Decision['kind'], label: string, more: Partial<Offer> = {}): Offer {
  return { decision, args: ['repair', ...FLAGS[decision]], label, warnings: [], ...more }
}

/** What can be done about an unfinished migration, best first. */
export async function offersFor(partial: PartialMigration): Promise<Offer[]> {
  const finish = finishOffers(partial)
  const undo = undoOffers(partial, await scriptToStart(partial))
  const nothingStands = partial.stop.kind === 'stopped' && partial.stop.done === 0
  return [...(nothingStands ? [...undo, ...finish] : [...finish, ...undo]), ...markOffers()]
}

/** The offers that need no knowledge of the catalog. */
export function markOffers(): Offer[] {
  return [
    offer('mark-applied', 'record it as applied, and run nothing'),
    offer('mark-rolled-back', 'record it as rolled back, and run nothing'),
  ]
}

function finishOffers({ stop, plan, failure, direction }: PartialMigration): Offer[] {
  const end = direction === 'up' ? 'record it as applied' : 'record it as rolled back'
  if (failure) return []
  switch (stop.kind) {
    case 'stopped': {
      const sql = remainingSql(plan, stop.done)
      if (sql === '') return [offer('finish', end)]
      return [
        offer('finish', `run statement ${stop.done + 1} and the following ones, then ${end}`, {
          sql,
        }),
      ]
    }
    case 'in-doubt':
      return stop.possible.map((done) =>
        offer('finish', finishLabel(plan, done, end), {
          from: done + 1,
          args: ['repair', '--finish', '--from', String(done + 1)],
          sql: remainingSql(plan, done),
          warnings: ['Check the rows first: a statement that has already run would run again.'],
        }),
      )
    case 'unlike':
    case 'unexamined':
      return []
  }
}

function finishLabel({ statements }: Migration, done: number, end: string): string {
  return done === statements.length
    ? end
    : `run statement ${done + 1} and the following ones, then ${end}`
}

function remainingSql(plan: Migration, done: number): string {
  return plan.statements
    .flatMap(({ number, text }) => (number > done ? [`${text.trim()};\n`] : []))
    .join('\n')
}

function undoOffers(partial: PartialMigration, script: SchemaScript | undefined): Offer[] {
  if (!script) return []
  const { direction, stop, plan, restored } = partial
  const end = direction === 'up' ? 'record it as rolled back' : 'record it as applied again'
  const sql = scriptSql(script)
  const warnings = script.choices.map(choiceText)
  const rows = plan.statements.filter(
    (statement) =>
      mayStand(statement.number, stop) &&
      changesRowsOnly(statement) &&
      !restored.has(statement.number),
  )
  if (rows.length > 0) {
    const list = rows.map(({ number }) => number).join(', ')
    warnings.push(`The row changes of statement ${list} are not undone.`)
  }
  const what =
    restored.size > 0 ? 'the schema and the kept data as they were' : 'the schema as it was'
  if (sql === '' && restored.size === 0)
    return [offer('undo', `nothing needs to be rolled back: ${end}`, { warnings })]
  return [
    offer('undo', `restore ${what} before the migration, then ${end}`, {
      sql,
      warnings,
    }),
  ]
}

function mayStand(statement: number, stop: StopPoint): boolean {
  switch (stop.kind) {
    case 'stopped':
      return statement <= stop.done
    case 'in-doubt':
      return statement <= (stop.possible.at(-1) ?? 0)
    case 'unlike':
    case 'unexamined':
      return true
  }
}
