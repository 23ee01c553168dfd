import type { Command, FlagSpec, Topic } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

const BACKUP: Topic = {
  name: 'backup',
  group: 'recover',
  summary: 'make, verify and restore backups',
  details:
    'A backup is a dump of the whole database, compressed and, if the configuration says so, encrypted, in a folder or an ' +
    'S3-compatible store, with a manifest that counts and sums the rows of each table. It is verified by restoring it.',
}

const IDENTITY: FlagSpec = {
  kind: 'text',
  value: '<file>',
  completes: 'file',
  summary: 'keys of age that open an encrypted backup; default: SLIPWAY_BACKUP_IDENTITY',
}
const JOBS: FlagSpec = {
  kind: 'number',
  value: '<n>',
  min: 1,
  summary: 'how many processes of pg_dump or pg_restore work at the same time; default: 1',
}

const EVERY: FlagSpec = {
  kind: 'text',
  value: '<cron>',
  summary: "when: a pattern of cron, such as '0 3 * * *'; default: every day at 3:00",
}

/** Commands on backups. */
export const BACKUPS: readonly Command[] = [
  {
    name: 'backup create',
    topic: BACKUP,
    group: 'recover',
    summary: 'make a backup of the target',
    details:
      'Dumps the database in one snapshot with pg_dump, and stores it as it comes: it is never in a file unencrypted. Rows are ' +
      'counted and summed in the same snapshot. The manifest is stored last, so an incomplete backup is never listed.',
    positionals: [],
    flags: {
      'dump-format': {
        kind: 'choice',
        value: '<format>',
        choices: ['custom', 'directory', 'plain'],
        summary: 'as pg_dump names them; default: custom',
      },
      jobs: JOBS,
      globals: { kind: 'switch', summary: 'add the roles of the server, without their passwords' },
      'exclude-data': {
        kind: 'list',
        value: '<schema.table>',
        summary: 'leave out the rows of these tables; the manifest says so',
      },
      'no-checksums': {
        kind: 'switch',
        summary: 'do not sum the rows; nobody can compare them then',
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
      'Lists what is complete, with its size, and when it was last verified. Says what is not usable, and why.',
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
      'Compares the checksums of its files, restores it into a throw-away database, compares schema, rows and sequences with ' +
      'the manifest, and examines the indexes. Stores how long the restore took.',
    positionals: [
      {
        name: 'backup',
        summary: 'its id in `backup list`; default: the newest of the environment',
      },
    ],
    flags: {
      quick: {
        kind: 'switch',
        conflicts: ['server'],
        summary: 'compare the checksums of the files only; it does not count as verified',
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
      { command: 'slipway backup verify --quick', what: 'only the checksums of its files' },
    ],
    exitCodes: { 0: 'equal', 2: COULD_NOT, 4: 'damaged, or not what was backed up' },
    load: async () => (await import('../commands/backup.ts')).backupVerify,
  },
  {
    name: 'backup restore',
    topic: BACKUP,
    group: 'recover',
    summary: 'restore a backup into the target',
    details:
      'Into an empty database without a question, in one transaction. Onto another one only with --confirm <database>: then ' +
      'into a new database, which takes its name when all is restored and compared. The old one is kept under another name. ' +
      'Remote D1 is restored by one import, all or nothing, and Time Travel keeps the state before.',
    positionals: [
      {
        name: 'backup',
        summary: 'its id in `backup list`; default: the newest of the environment',
      },
    ],
    flags: {
      table: {
        kind: 'list',
        value: '<schema.table>',
        summary: 'only these tables, in this order, into the database as it is',
      },
      'data-only': { kind: 'switch', summary: 'only rows, into the tables as they are' },
      'no-owner': {
        kind: 'switch',
        summary: 'all objects become those of your role; privileges are left out',
      },
      'drop-old': { kind: 'switch', summary: 'drop the database that was replaced' },
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
      3: 'the person declined',
      4: 'damaged, or what was restored differs',
      5: 'the restore failed, and the target is as it was',
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
      'one, or one that was made for a deploy of which data is still kept.',
    positionals: [],
    flags: { write: { kind: 'switch', summary: 'remove them; without it, only show which' } },
    examples: [{ command: 'slipway backup prune --env production', what: 'show what would go' }],
    exitCodes: { 0: 'done', 2: COULD_NOT },
    load: async () => (await import('../commands/backup.ts')).backupPrune,
  },
  {
    name: 'backup schedule',
    topic: BACKUP,
    group: 'recover',
    summary: 'print what makes backups at given times',
    details:
      'Prints a line for cron, a service and a timer for systemd, a CronJob for Kubernetes, or a workflow for GitHub, with the ' +
      'flags that name this project and target. Writes no file.',
    positionals: [
      {
        name: 'scheduler',
        summary: 'what starts the backups',
        required: true,
        choices: ['cron', 'systemd', 'kubernetes', 'github'],
      },
    ],
    flags: {
      every: EVERY,
      image: {
        kind: 'text',
        value: '<image>',
        summary: 'for kubernetes: an image with the project',
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
    summary: 'make backups on a schedule until it is stopped',
    details:
      'A process that makes backups at the times of --every, and removes those that no rule keeps. Two never overlap; after ' +
      'times that were missed, it runs once. SIGTERM ends it cleanly.',
    positionals: [],
    flags: {
      every: EVERY,
      verify: { kind: 'switch', summary: 'verify each backup, too' },
      'health-file': {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'a file that says how it is; default: in .slipway/',
      },
      port: {
        kind: 'number',
        value: '<port>',
        min: 1,
        summary: 'answer GET /health on this machine: 200 while all is well, else 503',
      },
      identity: IDENTITY,
    },
    examples: [
      {
        command: "slipway backup run --every '0 3 * * *' --env production",
        what: 'in a container of its own',
      },
    ],
    exitCodes: { 0: 'stopped', 2: COULD_NOT },
    load: async () => (await import('../commands/backup.ts')).backupRun,
  },
]
