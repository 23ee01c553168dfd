import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of backups. */
export const backupFailures = {
  'BACKUP.EMBEDDED': { title: 'The embedded database is not backed up with pg_dump' },
  'BACKUP.PROGRAM_MISSING': {
    title: 'A PostgreSQL client program that the backup needs is not installed',
  },
  'BACKUP.PROGRAM_TOO_OLD': { title: 'pg_dump is older than the server' },
  'BACKUP.DUMP_FAILED': { title: 'pg_dump failed, and no backup was made' },
  'BACKUP.FORMAT_PLAINTEXT': { title: 'The format of the dump would leave an unencrypted file' },
  'BACKUP.STORE_UNKNOWN': { title: 'The backup store is not configured correctly' },
  'BACKUP.STORE_UNAVAILABLE': {
    title: 'The backup store does not answer, or the connection was lost',
  },
  'BACKUP.STORE_REFUSED': { title: 'The backup store refused access' },
  'BACKUP.STORE_FULL': { title: 'The backup store is full' },
  'BACKUP.PACKAGE_MISSING': { title: 'A package that the backup store needs is not installed' },
  'BACKUP.EXISTS': { title: 'Another backup has this name' },
  'BACKUP.SCHEDULE_INVALID': { title: 'The backup schedule is invalid' },
  'BACKUP.RUNNING': { title: 'Another scheduled backup process is running' },
  'BACKUP.NOT_SUPPORTED': { title: 'Backups of this database do not support the requested option' },
  'BACKUP.CHANGED_MEANWHILE': {
    title: 'Other clients wrote to the database each time it was read',
  },
  'BACKUP.D1_LIMIT': { title: 'D1 does not support something in the backup' },
  'BACKUP.OTHER_PRODUCT': { title: 'The backup is from a different kind of database' },
  'BACKUP.TARGET_IN_USE': { title: 'Another process has the database file open' },
  'BACKUP.NOT_FOUND': { title: 'There is no such backup' },
  'BACKUP.KEY_NEEDED': { title: 'The backup is encrypted, and no key or passphrase was given' },
  'BACKUP.KEY_WRONG': { title: 'The key or passphrase does not open the backup' },
  'BACKUP.KEY_INVALID': { title: 'A recipient or key is not a valid age recipient or key' },
  'BACKUP.DAMAGED': { title: 'The backup was changed or damaged after it was written', exit: 4 },
  'BACKUP.MANIFEST_INVALID': {
    title: 'The manifest of the backup was changed or damaged',
    exit: 4,
  },
  'BACKUP.DIFFERS': { title: 'The restored data differs from the backup', exit: 4 },
  'BACKUP.RESTORE_FAILED': { title: 'pg_restore failed, and the target is unchanged', exit: 5 },
  'BACKUP.NOT_RESTORABLE': { title: 'The backup cannot be restored', exit: 4 },
  'BACKUP.PLAIN_WHOLE': { title: 'A plain SQL backup can only be restored as a whole' },
  'BACKUP.ROLE_MISSING': { title: 'The server lacks a role that the backup needs' },
  'BACKUP.NO_SERVER': { title: 'There is no server on which a backup could be verified' },
  'BACKUP.TABLE_UNKNOWN': { title: 'There is no such table' },
  'BACKUP.TARGET_NOT_EMPTY': { title: 'The database to restore into is not empty' },
  'BACKUP.EXTENSION_MISSING': { title: 'The server lacks an extension that the backup needs' },
  'BACKUP.SERVER_TOO_OLD': { title: 'The backup comes from a newer server' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof backupFailures> = createRaise(backupFailures)
