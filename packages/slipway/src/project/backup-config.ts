import type { Duration } from './slipway-config.ts'

/** When a deploy makes a backup; `verified-before-deploy` also restores it into a throw-away database, and compares. */
export type BackupPolicy = 'never' | 'before-deploy' | 'verified-before-deploy'

/** Where backups are, how they are written, and which of them stay. */
export interface BackupConfig {
  /** A folder, relative to the project, or an S3-compatible store; `prisma/backups` if absent. */
  readonly store?: string | S3Config
  /**
   * Recipients of age (`age1…`) for whom backups are encrypted, or `passphrase`: then the variable SLIPWAY_BACKUP_PASSPHRASE
   * holds it. Absent: backups are not encrypted.
   */
  readonly encryption?: 'passphrase' | { readonly recipients: readonly string[] }
  /** Tables whose rows are left out, as pg_dump takes their names: `public.sessions`. */
  readonly excludeData?: readonly string[]
  /** Which backups `slipway backup prune` keeps; all if absent. */
  readonly keep?: RetentionConfig
  readonly notify?: NotifyConfig
}

/** The backups of one environment. What is absent is as in `backup` of the whole configuration. */
export interface EnvironmentBackupConfig extends BackupConfig {
  /** When a deploy makes a backup first; `never` if absent. */
  readonly when?: BackupPolicy
  /** A backup that is not older serves for a deploy, too. */
  readonly maxAge?: Duration
}

/** An S3-compatible store. Credentials come from the AWS SDK's own chain, never from here. */
export interface S3Config {
  readonly bucket: string
  /** What all keys begin with. */
  readonly prefix?: string
  /** Of a store that is not Amazon's. */
  readonly endpoint?: string
  readonly region?: string
  /** Whether the bucket is in the path, not in the host name. */
  readonly forcePathStyle?: boolean
  readonly serverSideEncryption?: 'AES256' | 'aws:kms'
  /** Of `aws:kms`; the key of the bucket if absent. */
  readonly kmsKeyId?: string
}

/** Which backups stay: those that one of the rules names. The newest stays, and the last one that was verified. */
export interface RetentionConfig {
  /** The last n. */
  readonly last?: number
  /** The newest of each of the last n days, weeks or months that have one. */
  readonly days?: number
  readonly weeks?: number
  readonly months?: number
  /** The most bytes that all of them may have. */
  readonly maxBytes?: number
}

/** Who is told how a backup ended. */
export interface NotifyConfig {
  /** A URL that gets a POST after a failure, and after the first success that follows one; `env:NAME` reads a variable. */
  readonly webhook?: string
  readonly webhookFormat?: 'json' | 'slack'
  /** A URL that gets a request after each success, for monitors that report its absence; `env:NAME` reads a variable. */
  readonly heartbeat?: string
}
