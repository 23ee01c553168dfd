import type { Command } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

/** Commands that begin. */
export const START: readonly Command[] = [
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
    load: async () => (await import('../commands/init.ts')).init,
  },
  {
    name: 'doctor',
    group: 'start',
    summary: 'settings with their sources, and tests',
    details:
      'Shows each setting with the place that says so, and tests all that a deploy relies on: the ' +
      'connection, the server and its rights, a pooler, the clock, disks, pg_dump, Node, Prisma. Changes nothing.',
    positionals: [],
    flags: {},
    examples: [
      { command: 'slipway doctor', what: 'the target of this folder' },
      { command: 'slipway doctor --env production', what: 'before the first deploy to it' },
    ],
    exitCodes: { 0: 'nothing stands in the way', 2: COULD_NOT, 4: 'a deploy would fail' },
    interruptible: true,
    load: async () => (await import('../commands/doctor.ts')).doctor,
  },
  {
    name: 'baseline',
    group: 'start',
    summary: 'record what a database has already',
    details:
      'For a database that has tables and no history: runs the migrations on a shadow database, finds the part of them ' +
      'whose catalog the database has, and records it as applied. A project without migrations gets its first one ' +
      'from the database with --write, proven on a shadow database. Runs no migration on the database.',
    positionals: [],
    flags: {
      write: {
        kind: 'text',
        value: '<name>',
        conflicts: ['to', 'accept'],
        summary: 'make a migration of what the database has',
      },
      to: {
        kind: 'text',
        value: '<migration>',
        summary: 'the last one that the database has; found where absent',
      },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: drift' },
    },
    examples: [
      { command: 'slipway baseline --env production', what: 'before the first deploy to it' },
      { command: 'slipway baseline --write init', what: 'begin with the database' },
    ],
    exitCodes: {
      0: 'recorded',
      2: COULD_NOT,
      4: 'no part of the history gives what the database has',
    },
    load: async () => (await import('../commands/baseline.ts')).baseline,
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
    load: async () => (await import('../commands/engine.ts')).engine,
  },
]
