import type { Duration } from './slipway-config.ts'

/**
 * When a deploy makes a backup; `verified-before-deploy` also restores it into a throw-away database and
 * compares it.
 */
export type BackupPolicy = 'never' | 'before-deploy' | 'verified-before-deploy'

/** Where backups are stored, how they are written, and how long they are kept. */
export interface BackupConfig {
  /** A folder, relative to the project, or an S3-compatible store; `prisma/backups` if absent. */
  readonly store?: string | S3Config
  /**
   * Recipients of age (`age1…`) for whom backups are encrypted, or `passphrase`: then the variable
   * SLIPWAY_BACKUP_PASSPHRASE contains it. Absent: backups are not encrypted.
   */
  readonly encryption?: 'passphrase' | { readonly recipients: readonly string[] }
  /** Tables whose rows are omitted, with those of their partitions: `public.sessions`. */
  readonly excludeData?: readonly string[]
  /** Which backups `slipway backup prune` keeps; all if absent. */
  readonly keep?: RetentionConfig
  readonly notify?: NotifyConfig
}

/** The backups of one environment. Absent settings are those of `backup` of the whole configuration. */
export interface EnvironmentBackupConfig extends BackupConfig {
  /** When a deploy makes a backup first; `never` if absent. */
  readonly when?: BackupPolicy
  /** A deploy also accepts an existing backup that is not older than this. */
  readonly maxAge?: Duration
}

/**
 * An S3-compatible store. Credentials are not part of it: the AWS SDK takes them from the environment, a
 * profile or the role of the machine.
 */
export interface S3Config {
  /**
   * @title the name of a bucket
   * @minLength 3
   */
  readonly bucket: string
  /** Prefix of the names of all objects, as a folder: `backups/shop`. Absent: no prefix. */
  readonly prefix?: string
  /** The URL of a store that is not Amazon's, such as `https://minio.example.com:9000`. */
  readonly endpoint?: string
  /** Absent: the region that the AWS SDK finds; `us-east-1` with an `endpoint`. */
  readonly region?: string
  /**
   * Whether the bucket is in the path of the URL instead of the host name; true with an `endpoint` if
   * absent.
   */
  readonly forcePathStyle?: boolean
  /** How the store encrypts objects. Absent: as the bucket is configured. */
  readonly serverSideEncryption?: 'AES256' | 'aws:kms'
  /** The key for `aws:kms`. Absent: the key of the account. */
  readonly kmsKeyId?: string
  /**
   * Whether each request has a CRC32 of its content, which the store compares; `always` if absent.
   * `when-required` is for stores that reject it: there only the signature covers the content.
   */
  readonly checksums?: 'always' | 'when-required'
}

/**
 * Which backups are kept. A backup stays if one of `last`, `days`, `weeks` and `months` keeps it; without
 * these four, all stay. Then, if the rest is larger than `maxBytes`, the oldest are removed until it
 * fits. Regardless of all rules, these always stay, even if they are larger than `maxBytes`: the newest
 * backup, the last verified one, and those that a kept deploy refers to.
 *
 * The rules count only backups, not the time that passed: `days: 7` keeps the newest of each of the last
 * seven days (in UTC) that have one. So no backup is removed because a clock is wrong, or because no
 * backup was made for a month.
 */
export interface RetentionConfig {
  /**
   * The number of newest backups to keep.
   *
   * @asType integer
   * @minimum 1
   */
  readonly last?: number
  /**
   * The number of days: the newest backup of each of the last days that have one is kept.
   *
   * @asType integer
   * @minimum 1
   */
  readonly days?: number
  /**
   * The number of weeks, from Monday: the newest backup of each of the last weeks that have one is kept.
   *
   * @asType integer
   * @minimum 1
   */
  readonly weeks?: number
  /**
   * The number of months: the newest backup of each of the last months that have one is kept.
   *
   * @asType integer
   * @minimum 1
   */
  readonly months?: number
  /**
   * The maximum size of all backups together, in bytes.
   *
   * @asType integer
   * @minimum 1
   */
  readonly maxBytes?: number
}

/** Who is notified of the result of a backup. */
export interface NotifyConfig {
  /**
   * A URL that gets a POST after a failure, and after the first success that follows one; `env:NAME`
   * reads a variable.
   */
  readonly webhook?: string
  readonly webhookFormat?: 'json' | 'slack'
  /**
   * A URL that gets a request after each success, for monitors that report its absence; `env:NAME` reads
   * a variable.
   */
  readonly heartbeat?: string
}
