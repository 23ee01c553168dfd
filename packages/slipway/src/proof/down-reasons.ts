import type { Failure } from '../kernel/index.ts'
import type { Change } from '../schema/index.ts'
import { objectName, type ObjectRef, objectText } from '../statements/index.ts'

/** What a test run on any database shows about a down migration. */
interface DownRun {
  /** The down migration failed; `onEmpty`: it runs if there are no rows. */
  readonly downFails?: { readonly failure: Failure; readonly onEmpty: boolean }
  readonly notRestored: readonly Change[]
  readonly rows: { readonly grown: readonly ObjectRef[] }
  /** The migration did not run a second time. */
  readonly againFails?: Failure
  readonly notRepeated: readonly Change[]
}

/** Why a down migration is not proven, in sentences. `kept`: it runs if a deploy has kept data. */
export function reasonsAgainstDown(
  { downFails, notRestored, rows, againFails, notRepeated }: DownRun,
  { says, kept }: { says(failure: Failure): string; readonly kept: boolean },
): string[] {
  const reasons: string[] = []
  if (downFails && !kept) {
    const where = downFails.onEmpty ? ' if there are rows' : ''
    reasons.push(`The down migration fails${where}: ${says(downFails.failure)}`)
  }
  if (notRestored.length > 0)
    reasons.push(`The down migration does not restore ${named(notRestored)}.`)
  if (againFails) {
    const left =
      rows.grown.length > 0
        ? ` Rows that it wrote stay in ${rows.grown.map(objectName).join(', ')}.`
        : ''
    reasons.push(
      `After the down migration, the migration does not run again: ${says(againFails)}${left}`,
    )
  }
  if (notRepeated.length > 0) reasons.push(`A second run leaves ${named(notRepeated)} different.`)
  return reasons
}

/** The text as a sentence: capitalized, with a final full stop. */
export function sentence(text: string): string {
  const whole = text.endsWith('.') ? text : `${text}.`
  return whole.charAt(0).toUpperCase() + whole.slice(1)
}

function named(changes: readonly Change[]): string {
  const shown = changes.slice(0, 5).map(({ object, change }) => `${objectText(object)} (${change})`)
  const more = changes.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
