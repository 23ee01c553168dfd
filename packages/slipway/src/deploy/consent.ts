import { advice } from '../kernel/index.ts'
import type { MigrationPlan } from '../plan/index.ts'
import { raise } from './failures.ts'

/** What is about to be destroyed, and where. */
export interface ConsentQuestion {
  readonly database: string
  /** `column user.email (20240101_drop_email)` */
  readonly destroys: readonly string[]
}

/** How consent is given: by the database's name on the command line, or by a person who types it. */
export interface Consent {
  /** The value of `--confirm`. */
  readonly confirm: string | undefined
  /** Asks a person; nothing where nobody can be asked. */
  readonly ask?: ((question: ConsentQuestion) => Promise<boolean>) | undefined
}

/** What planned migrations destroy of the data, by statement. */
export function destroyedBy(plans: readonly MigrationPlan[]): string[] {
  return plans.flatMap((plan) =>
    plan.statements.flatMap(({ destroys }) => destroys.map((object) => `${object} (${plan.name})`)),
  )
}

/**
 * Guarantee 7: nothing is destroyed on a protected target without consent by its name. Fails with
 * DEPLOY.CONSENT_NEEDED, or DEPLOY.DECLINED when a person says no.
 */
export async function requireConsent(question: ConsentQuestion, consent: Consent): Promise<void> {
  const { database, destroys } = question
  if (consent.confirm === database) return
  if (consent.confirm === undefined && consent.ask) {
    if (await consent.ask(question)) return
    raise('DEPLOY.DECLINED', { message: `Declined. Nothing was changed on ${database}.` })
  }
  const list =
    destroys.length > 3
      ? `${destroys.slice(0, 3).join(', ')} and ${destroys.length - 3} more`
      : destroys.join(', ')
  raise('DEPLOY.CONSENT_NEEDED', {
    message:
      consent.confirm === undefined
        ? `This destroys data on ${database}, which is protected: ${list}.`
        : `The name given with --confirm is not that of the database, ${database}.`,
    why: 'Outside development and testing nothing is destroyed without consent by name.',
    nextActions: [advice(`Add --confirm ${database} if that is what you want.`)],
  })
}
