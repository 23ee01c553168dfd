import { advice, command } from '../kernel/index.ts'
import type { Fingerprint } from '../schema/index.ts'
import { differingData } from './differing-data.ts'
import { raise } from './failures.ts'
import type { DataSums, Manifest } from './manifest.ts'
import type { RestoreRequest } from './restore-backup.ts'

/** The result of comparing a restored database with its manifest. */
export interface Compared {
  readonly compared: readonly string[]
  readonly notCompared: readonly string[]
  /** Sentences without a row's content; empty if everything compared is equal. */
  readonly differences: readonly string[]
}

/** The state of a restored database, read in one snapshot. */
export interface RestoredState {
  readonly fingerprint: Pick<Fingerprint, 'method' | 'hash'>
  readonly sums: () => Promise<DataSums>
}

/** Compares a restored database with the backup's manifest. */
export async function compareState(state: RestoredState, manifest: Manifest): Promise<Compared> {
  const { fingerprint, sums, excludedData } = manifest
  const compared: string[] = []
  const notCompared: string[] = []
  const differences: string[] = []
  if (fingerprint.method === state.fingerprint.method) {
    compared.push('schema')
    if (state.fingerprint.hash !== fingerprint.hash) differences.push('the schema has changed')
  } else {
    notCompared.push('the schema, which a different version of Slipway recorded')
  }
  if (sums) {
    compared.push('rows', 'sequences')
    differences.push(...differingData(sums, await state.sums()))
  } else {
    notCompared.push('the rows, for which there are no checksums')
  }
  if (excludedData.length > 0)
    notCompared.push(`rows that were skipped: ${excludedData.join(', ')}`)
  return { compared, notCompared, differences }
}

/** Whether a comparison proves anything of the backup's content: it compared the schema or the rows. */
export function isProof({ compared }: Pick<Compared, 'compared'>): boolean {
  return compared.includes('schema') || compared.includes('rows')
}

/** Merges two comparisons. */
export function joined(one: Compared, other: Compared): Compared {
  return {
    compared: [...one.compared, ...other.compared],
    notCompared: [...one.notCompared, ...other.notCompared],
    differences: [...one.differences, ...other.differences],
  }
}

export function refuseDifferent({ id }: Manifest, { differences }: Compared): never {
  return raise('BACKUP.DIFFERS', {
    message: `The restored data differs from the backup ${id}, so the database was not replaced.`,
    why: `${differences.slice(0, 5).join('; ')}.`,
    nextActions: [command(['backup', 'list'], 'choose another backup')],
  })
}

/**
 * Refuses to restore into a database that is not empty; `effect` says what a restore would do to its content.
 */
export function refuseFilled(
  database: string,
  { command: words }: Pick<RestoreRequest, 'command'>,
  effect = 'A restore would replace it, and keep it under a different name.',
): never {
  return raise('BACKUP.TARGET_NOT_EMPTY', {
    message: `The database ${database} is not empty.`,
    why: effect,
    nextActions: [
      command([...words, '--confirm', database], 'confirm it, if that is what you want'),
      advice('Or name an empty database with --url or --env.'),
    ],
  })
}
