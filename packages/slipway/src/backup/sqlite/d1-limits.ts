import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** Refuses to restore into D1, before anything is changed. */
export function refuseLimit(why: string): never {
  return raise('BACKUP.D1_LIMIT', {
    message: 'The backup cannot be restored into D1, and nothing was changed.',
    why,
    nextActions: [advice('Restore it into a file, and change there what D1 does not support.')],
  })
}
