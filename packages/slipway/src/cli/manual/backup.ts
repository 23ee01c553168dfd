import type { Command, FlagSpec, Topic } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

const BACKUP: Topic = {
  name: 'backup',
  group: 'recover',
  summary: 'make, verify and restore backups',
  details:
    'A backup is a dump of the whole database, compressed and, if the configuration says so, encrypted, in a folder or an ' +
    'S3-compatible store, with a manifest that holds the row count and a checksum of each table. It is verified by restoring it.',
}

const IDENTITY: FlagSpec = {
  kind: 'text',
  value: '<file>',
  completes: 'file',
  summary: 'age key file that decrypts the backup; default: $SLIPWAY_BACKUP_IDENTITY',
}
const JOBS: FlagSpec = {
  kind: 'number',
  value: '<n>',
  min: 1,
  summary: 'number of parallel pg_dump or pg_restore jobs; default: 1',
}

const EVERY: FlagSpec = {
  kind: 'text',
  value: '<cron>',
  summary: "cron expression, such as '0 3 * * *'; default: every day at 3:00",
}

/** Backup commands. */
export const BACKUPS: readonly Command[] = [
  {
    name: 'backup create',
    topic: BACKUP,
    group: 'recover',
    summary: 'make a backup of the target',
    details:
      'Dumps the database in one snapshot with pg_dump, and streams it to the store, so that it is never written to disk unencrypted. ' +
      'Row counts and checksums come from the same snapshot. The manifest is stored last, so an incomplete backup is never listed.',
    positionals: [],
    flags: {
      'dump-format': {
        kind: 'choice',
        value: '<format>',
        choices: ['custom', 'directory', 'plain'],
        summary: 'format of pg_dump: custom (default), directory, plain',
      },
      jobs: JOBS,
      globals: { kind: 'switch', summary: 'add the roles of the server, without their passwords' },
      'exclude-data': {
        kind: 'list',
        value: '<schema.table>',
        summary: 'omit the rows of these tables; the manifest lists them',
      },
      'no-checksums': {
        kind: 'switch',
        summary: 'do not compute row checksums; the rows then cannot be compared',
      },
    },
    examples: [
      { command: 'slipway backup create --env production', what: 'into the store of production' },
      {
        command: 'slipway backup create --exclude-data public.sessions',
        what: 'without the rows of one table',
      },
    ],
    exitCodes: { 0: 'made', 2: COULD_NOT },
    load: async () => (await import('../commands/backup.ts')).backupCreate,
  },
  {
    name: 'backup list',
    topic: BACKUP,
    group: 'recover',
    summary: 'list the backups of the store',
    details:
      'Lists complete backups with their size and the time of the last verification. Reports backups that are not usable, with the reason.',
    positionals: [],
    flags: {},
    examples: [{ command: 'slipway backup list --env production', what: 'newest first' }],
    exitCodes: { 0: 'listed', 2: COULD_NOT },
    interruptible: true,
    load: async () => (await import('../commands/backup.ts')).backupList,
  },
  {
    name: 'backup verify',
    topic: BACKUP,
    group: 'recover',
    summary: 'prove that a backup can be restored',
    details:
      'Compares the checksums of the files, restores the backup into a throw-away database, compares schema, rows and sequences with ' +
      'the manifest, and examines the indexes. Stores how long the restore took.',
    positionals: [
      {
        name: 'backup',
        summary: 'id of the backup, from `backup list`; default: the newest of the environment',
      },
    ],
    flags: {
      quick: {
        kind: 'switch',
        conflicts: ['server'],
        summary: 'only compare the checksums of the files; the backup does not count as verified',
      },
      server: {
        kind: 'text',
        value: '<connection string>',
        connection: true,
        summary: 'a server where a database may be created; default: a private one',
      },
      identity: IDENTITY,
      jobs: JOBS,
    },
    examples: [
      { command: 'slipway backup verify', what: 'the newest' },
      { command: 'slipway backup verify --quick', what: 'only the checksums of the files' },
    ],
    exitCodes: {
      0: 'equal',
      2: COULD_NOT,
      4: 'damaged, different from the database that was backed up, or not proven to equal it',
    },
    load: async () => (await import('../commands/backup.ts')).backupVerify,
  },
  {
    name: 'backup restore',
    topic: BACKUP,
    group: 'recover',
    summary: 'restore a backup into the target',
    details:
      'Restores into an empty database without a prompt, in one transaction. A database that is not empty needs --confirm <database>: ' +
      'the backup is then restored into a new database, which takes the name of the old one after everything has been restored and compared. ' +
      'The old one is kept under a different name. Remote D1 is restored with one import, all or nothing, and Time Travel keeps the state before.',
    positionals: [
      {
        name: 'backup',
        summary: 'id of the backup, from `backup list`; default: the newest of the environment',
      },
    ],
    flags: {
      table: {
        kind: 'list',
        value: '<schema.table>',
        summary: 'restore only these tables, in this order, into the existing database',
      },
      'data-only': { kind: 'switch', summary: 'restore only rows, into the existing tables' },
      'no-owner': {
        kind: 'switch',
        summary: 'make your role the owner of all objects; skip privileges',
      },
      'drop-old': { kind: 'switch', summary: 'drop the old database afterwards' },
      identity: IDENTITY,
      jobs: JOBS,
    },
    examples: [
      { command: 'slipway backup restore --env production --confirm shop', what: 'the newest' },
      {
        command: 'slipway backup restore --table public.orders --data-only',
        what: 'rows of one table',
      },
    ],
    exitCodes: {
      0: 'restored',
      2: COULD_NOT,
      3: 'you declined',
      4: 'damaged, or the restored data differs',
      5: 'the restore failed, and the target is unchanged',
    },
    load: async () => (await import('../commands/backup.ts')).backupRestore,
  },
  {
    name: 'backup prune',
    topic: BACKUP,
    group: 'recover',
    summary: 'remove backups that no rule keeps',
    details:
      'Applies `backup.keep` of the configuration to the backups of the environment. Never removes the newest, the last verified ' +
      'one, or one that belongs to a deploy whose data is still kept.',
    positionals: [],
    flags: { write: { kind: 'switch', summary: 'remove the backups instead of listing them' } },
    examples: [
      { command: 'slipway backup prune --env production', what: 'show what would be removed' },
    ],
    exitCodes: { 0: 'done', 2: COULD_NOT },
    load: async () => (await import('../commands/backup.ts')).backupPrune,
  },
  {
    name: 'backup schedule',
    topic: BACKUP,
    group: 'recover',
    summary: 'print a configuration for scheduled backups',
    details:
      'Prints a line for cron, a service and a timer for systemd, a CronJob for Kubernetes, or a workflow for GitHub, with the ' +
      'flags that name this project and target. Writes no file.',
    positionals: [
      {
        name: 'scheduler',
        summary: 'cron, systemd, kubernetes, github',
        required: true,
        choices: ['cron', 'systemd', 'kubernetes', 'github'],
      },
    ],
    flags: {
      every: EVERY,
      image: {
        kind: 'text',
        value: '<image>',
        summary: 'for kubernetes: a container image that contains the project',
      },
    },
    examples: [
      {
        command: "slipway backup schedule systemd --every '0 3 * * *' --env production",
        what: 'every day at 3:00',
      },
    ],
    exitCodes: { 0: 'printed', 2: COULD_NOT },
    interruptible: true,
    load: async () => (await import('../commands/backup.ts')).backupSchedule,
  },
  {
    name: 'backup run',
    topic: BACKUP,
    group: 'recover',
    summary: 'make backups on a schedule until stopped',
    details:
      'Makes backups at the times of --every, and removes those that no rule keeps. Two backups never overlap. ' +
      'After missed times, it makes one. SIGTERM ends the process cleanly.',
    positionals: [],
    flags: {
      every: EVERY,
      verify: { kind: 'switch', summary: 'also verify each backup' },
      'health-file': {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'write the health status to this file; default: in .slipway/',
      },
      port: {
        kind: 'number',
        value: '<port>',
        min: 1,
        summary: 'answer GET /health on this machine: 200 if healthy, otherwise 503',
      },
      identity: IDENTITY,
    },
    examples: [
      {
        command: "slipway backup run --every '0 3 * * *' --env production",
        what: 'in its own container',
      },
    ],
    exitCodes: { 0: 'stopped', 2: COULD_NOT },
    load: async () => (await import('../commands/backup.ts')).backupRun,
  },
]
