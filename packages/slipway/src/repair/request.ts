import type { Consent, WorkRequest } from '../deploy/index.ts'
import type { MigrationsLayout } from '../project/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** A migration with its down migration, where one is written. */
export interface Repairable extends MigrationFile {
  readonly downPath?: string | undefined
  readonly down?: string | undefined
}

/** What a look at a broken target needs. */
export interface ExamineRequest extends Pick<WorkRequest, 'address' | 'shadow' | 'emit'> {
  readonly migrations: readonly Repairable[]
  /** Where the project keeps its migrations: to look for older texts in version control. */
  readonly migrationsDir?: string | undefined
  /** `folders` if absent. */
  readonly layout?: MigrationsLayout | undefined
}

/** What a repair needs in addition. */
export interface RepairRequest extends Omit<WorkRequest, 'migrations'>, ExamineRequest {
  readonly consent: Consent
  /** Destroy what no statement shows, too. */
  readonly acceptUnannounced?: boolean
  /** Hears what was found, before anything runs. */
  readonly announce?: ((diagnosis: import('./diagnosis.ts').Diagnosis) => void) | undefined
}
