import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { FixedMigration } from './fix.ts'

/** Fails with CHECK.FIX_DIFFERS: the new form does not produce the same result as the original. */
export function raiseDifferent(
  { name, path: file }: Pick<FixedMigration, 'name' | 'path'>,
  differences: readonly string[],
): never {
  return raise('CHECK.FIX_DIFFERS', {
    message: `The rewritten ${name} produces a different result from the original: ${differences.join(', ')}.`,
    why: 'A rewritten migration may run differently, but must produce the same schema and the same rows.',
    nextActions: [advice('Report this as a bug, with the migration.')],
    where: { file },
  })
}
