import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can go wrong when a migration is written. */
export const createFailures = {
  'CREATE.NAME_INVALID': { title: 'A migration needs a name with letters or digits' },
  'CREATE.NAME_TAKEN': { title: 'A migration with that name exists' },
  'CREATE.NAME_UNFIT': { title: 'A new migration would sort before an existing one' },
  'CREATE.FOLDER_CHANGED': { title: 'The migrations changed while one was written' },
  'CREATE.FOLDER_LOCKED': { title: 'Another process is writing a migration' },
  'CREATE.RENAME_UNKNOWN': { title: 'A --rename names something that does not exist' },
  'CREATE.RENAME_UNDECIDED': { title: 'A drop and an addition could be a rename' },
  'CREATE.SQL_REFUSED': { title: 'The database rejects the SQL that Prisma writes' },
  'CREATE.GENERATE_FAILED': { title: 'Prisma could not generate the client', exit: 4 },
} as const satisfies FailureSpecs

export const raise: Raise<typeof createFailures> = createRaise(createFailures)
