import type { Command } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

/** Commands for the setup of a project. */
export const START: readonly Command[] = [
  {
    name: 'init',
    group: 'start',
    summary: 'write slipway.config.ts, scripts, .gitignore',
    details:
      'Writes slipway.config.ts with your environments and every setting explained and commented out, adds ' +
      '.slipway/ to .gitignore and scripts to package.json, and reports what it found in the project. Prompts for settings that no flag ' +
      'specifies; with -y, or without a terminal, it uses the defaults. It never overwrites a file; it only adds lines to ' +
      'existing ones. Slipway also works without any of this.',
    positionals: [],
    flags: {
      environments: {
        kind: 'list',
        value: '<name>',
        summary: 'environments to write; default: development,testing,staging,production',
      },
      'no-gitignore': { kind: 'switch', summary: 'do not change .gitignore' },
      'no-scripts': { kind: 'switch', summary: 'do not change package.json' },
    },
    examples: [
      { command: 'slipway init', what: 'in the folder of the project' },
      { command: 'slipway init -y --environments production', what: 'without prompts' },
    ],
    exitCodes: { 0: 'written', 2: 'the file exists, or the folder is not writable' },
    load: async () => (await import('../commands/init.ts')).init,
  },
  {
    name: 'doctor',
    group: 'start',
    summary: 'show settings with their sources, test the setup',
    details:
      'Shows each setting with its source, and tests everything that a deploy relies on: the ' +
      'connection, the server, privileges, poolers, clocks, disks, pg_dump, Node.js, Prisma. Changes nothing.',
    positionals: [],
    flags: {},
    examples: [
      { command: 'slipway doctor', what: 'the target of this folder' },
      { command: 'slipway doctor --env production', what: 'before the first deploy to it' },
    ],
    exitCodes: { 0: 'nothing prevents a deploy', 2: COULD_NOT, 4: 'a deploy would fail' },
    interruptible: true,
    load: async () => (await import('../commands/doctor.ts')).doctor,
  },
  {
    name: 'baseline',
    group: 'start',
    summary: 'record what a database already has',
    details:
      'For a database with tables and no history. Runs the migrations on a shadow database, finds the migrations ' +
      'whose changes the database already has, and records them as applied. In a project without migrations, --write ' +
      'creates the first one from the database and proves it on a shadow database. Does not run any migration on the target.',
    positionals: [],
    flags: {
      write: {
        kind: 'text',
        value: '<name>',
        conflicts: ['to', 'accept'],
        summary: 'write the first migration from the database',
      },
      to: {
        kind: 'text',
        value: '<migration>',
        summary: 'the last migration that the database has; default: found by comparison',
      },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: drift' },
    },
    examples: [
      { command: 'slipway baseline --env production', what: 'before the first deploy to it' },
      { command: 'slipway baseline --write init', what: 'start a project from its database' },
    ],
    exitCodes: {
      0: 'recorded',
      2: COULD_NOT,
      4: 'the database matches no part of the history',
    },
    load: async () => (await import('../commands/baseline.ts')).baseline,
  },
  {
    name: 'engine',
    group: 'start',
    summary: 'print the path of a schema engine for Prisma',
    details:
      'Prints the path of a program that replaces the schema engine of the Prisma CLI, for machines ' +
      'that cannot download that engine. Pass the path to the Prisma CLI in ' +
      'PRISMA_SCHEMA_ENGINE_BINARY. It prints only the path to stdout.',
    positionals: [],
    flags: {},
    examples: [
      {
        command: 'PRISMA_SCHEMA_ENGINE_BINARY="$(slipway engine)" npx prisma migrate status',
        what: 'run the Prisma CLI with it',
      },
    ],
    exitCodes: { 0: 'printed' },
    load: async () => (await import('../commands/engine.ts')).engine,
  },
]
