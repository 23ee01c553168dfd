import type { Decision, Diagnosis, Offer } from '../repair/index.ts'
import type { Context, Input } from './command.ts'
import { raise } from './failures.ts'

/** The decision that the flags of `repair` make; undefined if they make none. */
export function decisionOf({ args, flags }: Input): Decision | undefined {
  const [migration] = args
  const mark = flags.text('mark')
  const decisions: Decision[] = [
    ...(flags.on('finish')
      ? [{ kind: 'finish' as const, migration, from: flags.number('from') }]
      : []),
    ...(flags.on('undo') ? [{ kind: 'undo' as const, migration }] : []),
    ...(mark === 'applied' ? [{ kind: 'mark-applied' as const, migration }] : []),
    ...(mark === 'rolled-back' ? [{ kind: 'mark-rolled-back' as const, migration }] : []),
    ...(flags.on('accept-edit')
      ? [{ kind: 'accept-edit' as const, migration, harmlessOnly: flags.on('harmless') }]
      : []),
  ]
  if (flags.on('keep-one-row')) decisions.push({ kind: 'keep-one-row', migration })
  if (decisions.length > 1) raise('CLI.FLAG_CONFLICT', { message: 'Give only one of these flags.' })
  const [decision] = decisions
  if (flags.number('from') !== undefined && decision?.kind !== 'finish') {
    raise('CLI.FLAG_CONFLICT', { message: '`--from` needs `--finish`.' })
  }
  if (flags.on('harmless') && decision?.kind !== 'accept-edit') {
    raise('CLI.FLAG_CONFLICT', { message: '`--harmless` needs `--accept-edit`.' })
  }
  return decision
}

/** Prompts for one of the offers; undefined if the user chooses to do nothing. */
export async function askDecision(
  { prompt }: Context,
  { problems }: Diagnosis,
): Promise<Decision | undefined> {
  const offers = problems.flatMap(({ migration, offers: list }) =>
    list.map((offer) => ({ migration, offer })),
  )
  if (offers.length === 0) return undefined
  const chosen = await prompt.select({
    message: 'What do you want to do?',
    flag: '--finish, --undo, --mark, --accept-edit or --keep-one-row',
    choices: [
      ...offers.map(({ migration, offer }, index) => ({
        value: String(index),
        label: `${migration}: ${offer.label}`,
      })),
      { value: 'none', label: 'Nothing now' },
    ],
  })
  const taken = offers[Number(chosen)]
  return taken && decisionFrom(taken.migration, taken.offer)
}

function decisionFrom(migration: string, { decision, from }: Offer): Decision {
  return decision === 'finish' ? { kind: 'finish', migration, from } : { kind: decision, migration }
}
