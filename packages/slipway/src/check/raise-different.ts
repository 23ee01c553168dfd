import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { FixedMigration } from './fix.ts'

/** Fails with CHECK.FIX_DIFFERS: the new form does not give what the original gives. */
export function raiseDifferent(
  { name, path: file }: Pick<FixedMigration, 'name' | 'path'>,
  differences: readonly string[],
): never {
  return raise('CHECK.FIX_DIFFERS', {
    message: `The rewritten ${name} gives another result than the original: ${differences.join(', ')}.`,
    why: 'A rewritten migration must run differently, and give the same schema and the same rows.',
    nextActions: [advice('Report this as a bug of slipway fix, with the migration.')],
    where: { file },
  })
}
