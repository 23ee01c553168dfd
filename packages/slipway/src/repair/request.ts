import type { Consent, WorkRequest } from '../deploy/index.ts'
import type { MigrationsLayout } from '../project/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** A migration with its down migration, if it has one. */
export interface Repairable extends MigrationFile {
  readonly downPath?: string | undefined
  readonly down?: string | undefined
}

/** What the examination of a target needs. */
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
  /** Also permits the destruction of data that no statement announces. */
  readonly acceptUnannounced?: boolean
  /** Receives the diagnosis before anything runs. */
  readonly announce?: ((diagnosis: import('./diagnosis.ts').Diagnosis) => void) | undefined
}
