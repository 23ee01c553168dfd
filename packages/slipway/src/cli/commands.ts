import type { Command } from './command.ts'
import { SHELLS } from './shells.ts'

const COULD_NOT = 'could not do the job: usage, configuration, connection'
const ACCEPT = { kind: 'list', value: '<name>[,…]' } as const

/** All commands, as `slipway --help` lists them. Their handlers are imported when they run. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    group: 'start',
    summary: 'write a commented slipway.config.ts',
    details:
      'Writes slipway.config.ts with every setting explained and commented out, and says what it found ' +
      'of the project. It changes nothing else, and never overwrites a file. Slipway works without one.',
    positionals: [],
    flags: {},
    examples: [{ command: 'slipway init', what: 'write the file into the folder of the project' }],
    exitCodes: { 0: 'written', 2: 'there is one already, or the folder cannot be written to' },
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'engine',
    group: 'start',
    summary: 'path of a schema engine for the Prisma CLI',
    details:
      'Prints the path of a program that answers for the schema engine which the Prisma CLI would ' +
      'download: for machines that cannot reach the download. Give the path to the Prisma CLI in ' +
      'PRISMA_SCHEMA_ENGINE_BINARY. Nothing but the path is on stdout.',
    positionals: [],
    flags: {},
    examples: [
      {
        command: 'PRISMA_SCHEMA_ENGINE_BINARY="$(slipway engine)" npx prisma migrate status',
        what: 'run the Prisma CLI on it',
      },
    ],
    exitCodes: { 0: 'printed' },
    load: async () => (await import('./commands/engine.ts')).engine,
  },
  {
    name: 'status',
    group: 'look',
    summary: 'what is applied, pending, failed, edited or missing',
    details:
      'Compares the history of the target with the migrations of the project, as Prisma reads it. ' +
      'It changes nothing, and takes no lock.',
    positionals: [],
    flags: { 'exit-code': { kind: 'switch', summary: 'exit 4 when migrations are pending, too' } },
    examples: [
      { command: 'slipway status', what: 'the database of the project' },
      { command: 'slipway status --env production --json', what: 'for a script' },
    ],
    exitCodes: { 0: 'read', 2: 'it could not be read', 4: 'failed, edited, missing or diverged; pending with --exit-code' },
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'deploy',
    group: 'deploy',
    summary: 'apply pending migrations under supervision',
    details:
      'Takes the lock that Prisma takes, compares the catalog with what the history should have produced, and ' +
      'applies what is pending: each file in one transaction with its history row, or step by step with a journal ' +
      'where PostgreSQL demands it. Waits for a lock at most for the lock timeout, lets the others pass, and tries ' +
      'again until the deadline. The first Ctrl-C stops it where it is safe. It never creates a database.',
    positionals: [],
    flags: {
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: drift' },
    },
    examples: [
      { command: 'slipway deploy', what: 'to the database of the project' },
      { command: 'slipway deploy --env production --confirm shop', what: 'where the migrations destroy data' },
    ],
    exitCodes: {
      0: 'deployed, or nothing was pending',
      2: 'it could not begin',
      3: 'the person declined',
      4: 'the database has drifted, or is not as it should be afterwards',
      5: 'a migration failed, and left nothing behind',
      6: 'a migration that runs step by step stopped in the middle',
    },
    load: async () => (await import('./commands/deploy.ts')).deploy,
  },
  {
    name: 'rollback',
    group: 'recover',
    summary: 'take the last migrations back',
    details:
      'Runs the down.sql of the last migrations, the newest first; where there is none it writes one from the ' +
      'catalogs before and after. The way back is rehearsed on a scratch first, then run in one transaction with the ' +
      'history row, and the catalog is compared with that of the history that stays. Prisma then sees them as pending.',
    positionals: [],
    flags: {
      steps: { kind: 'number', value: '<n>', min: 1, conflicts: ['to'], summary: 'how many; one where absent' },
      to: { kind: 'text', value: '<migration>', summary: 'take back all that came after this one' },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: unproven' },
    },
    examples: [
      { command: 'slipway rollback', what: 'the last migration' },
      { command: 'slipway rollback --to 20260112093000_init', what: 'all but the first' },
    ],
    exitCodes: {
      0: 'taken back',
      2: 'it could not begin',
      3: 'the person declined',
      4: 'the way back does not bring the schema back',
      5: 'it failed, and left nothing behind',
      6: 'it stopped in the middle',
    },
    load: async () => (await import('./commands/rollback.ts')).rollback,
  },
  {
    name: 'completion',
    group: 'help',
    summary: 'completion script for a shell',
    details: 'Prints a script that completes commands, flags and their values in the shell.',
    positionals: [{ name: 'shell', summary: SHELLS.join(', '), required: true, choices: SHELLS }],
    flags: {},
    examples: [
      { command: 'source <(slipway completion bash)', what: 'in ~/.bashrc' },
      { command: 'source <(slipway completion zsh)', what: 'in ~/.zshrc, after compinit' },
      { command: 'slipway completion fish | source', what: 'in config.fish' },
    ],
    exitCodes: { 0: 'printed', 2: 'a shell that there is no script for' },
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  {
    name: 'help',
    group: 'help',
    summary: 'flags, examples and exit codes of a command',
    details: 'Shows all commands on one screen, or one command in full.',
    positionals: [{ name: 'command', summary: 'name of a command' }],
    flags: {},
    examples: [{ command: 'slipway help deploy', what: 'the same as slipway deploy --help' }],
    exitCodes: { 0: 'shown', 2: 'there is no such command' },
    load: async () => (await import('./commands/help.ts')).helpCommand,
  },
]
