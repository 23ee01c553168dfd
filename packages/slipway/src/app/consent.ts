import { type Address, databaseName, withSession } from '../database/index.ts'
import { confirmedCommand, type Consent, destroyedText } from '../deploy/index.ts'
import { attempt } from '../kernel/index.ts'
import type { AppContext, ConsentOptions, ConsentQuestion } from './context.ts'
import { raise } from './failures.ts'
import type { Work } from './work.ts'

/** Consent in the form that the modules need: `confirm`, or a prompt. */
export function consentFrom(
  { askConsent }: Pick<AppContext, 'askConsent'>,
  { confirm }: ConsentOptions,
): Consent {
  if (!askConsent) return { confirm }
  return {
    confirm,
    ask: async ({ database, alias, destroys }) => {
      const list = destroys.slice(0, 5).map(destroyedText).join(', ')
      const more = destroys.length > 5 ? ` and ${destroys.length - 5} more` : ''
      const what = destroys.length > 0 ? `destroys ${list}${more}` : 'changes protected data'
      return await askConsent({ database, alias, message: `This ${what} on ${database}.` })
    },
  }
}

/** A question, and the command that asks it with its arguments; without them if they must not be printed. */
interface CommandQuestion extends ConsentQuestion {
  readonly command: readonly string[] | undefined
}

/** Fails with APP.CONSENT_NEEDED if `confirm` is not the database name, and APP.DECLINED if the user refuses. */
export async function requireConsentByName(
  { askConsent }: AppContext,
  { confirm }: ConsentOptions,
  { command: words, ...question }: CommandQuestion,
): Promise<void> {
  const { database, message } = question
  if (confirm !== undefined && [database, question.alias].includes(confirm)) return
  if (confirm === undefined && askConsent) {
    if (await askConsent(question)) return
    raise('APP.DECLINED', { message: 'Nothing was changed.' })
  }
  raise('APP.CONSENT_NEEDED', {
    message: `Changes to the database \`${database}\` must be confirmed with its name.`,
    why: confirm === undefined ? message : `\`--confirm\` names \`${confirm}\`.`,
    nextActions: [confirmedCommand(words, database)],
  })
}

/** The database name on the server, which may differ from the one in the connection string of a pooler. */
async function realName(address: Address): Promise<string | undefined> {
  const asked = await attempt(() => withSession(address, {}, async ({ server }) => server.database))
  return asked.ok ? asked.value : undefined
}

/**
 * Enforces the policy `confirm: true` of an environment: each change needs the name of its database. The
 * failure suggests `words`, the command with its arguments, again.
 */
export async function requirePolicyConsent(
  context: AppContext,
  { target }: Work,
  { words, ...options }: ConsentOptions & { readonly words: readonly string[] | undefined },
): Promise<void> {
  const { address } = target
  if (!target.policy.confirm || address.kind === 'embedded') return
  const database = databaseName(address)
  const message = `The environment ${target.environment} requires a confirmation for each change to ${database}.`
  const { confirm } = options
  const unlike = confirm !== undefined && confirm !== database
  const alias = unlike ? await realName(target.direct ?? address) : undefined
  await requireConsentByName(context, options, { database, alias, message, command: words })
}
