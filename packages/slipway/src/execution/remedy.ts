import { advice, type NextAction, type ServerError } from '../kernel/index.ts'
import type { Migration, Statement } from '../statements/index.ts'

/** What takes the cause of a refused statement away, by SQLSTATE, else by its class: the words after "edit the file". */
const REMEDIES: Readonly<Record<string, string>> = {
  '22': 'convert the values that do not fit before it, with an UPDATE or with USING',
  '23502': 'give the rows that have no value one before it, with an UPDATE or a default',
  '23503': 'correct or delete the rows that refer to missing ones before it',
  '23505': 'merge or change the rows with equal values before it',
  '23514':
    'correct the rows that the check refuses, or create the partition that they need, before it',
  '23P01': 'correct the rows that exclude each other before it',
  '23': 'correct the rows that it refuses before it',
  '25': 'move it to where the server takes it: to another transaction, or to the beginning of this one',
  '2BP01': 'change or drop first what depends on it, or let CASCADE drop that',
  '3F000': 'create the schema first, or correct its name',
  '42601': 'correct its syntax',
  '42701': 'leave it out or drop first what has this name already',
  '42710': 'leave it out or drop first what has this name already',
  '42723': 'leave it out or drop first what has this name already',
  '42P06': 'leave it out or drop first what has this name already',
  '42P07': 'leave it out or drop first what has this name already',
  '42703': 'correct the name, or create first what it names',
  '42704': 'correct the name, or create first what it names',
  '42883': 'correct the name or the types of its arguments, or create the function first',
  '42P01': 'correct the name, or create first what it names',
  '57014':
    'split it into several that each take less time, or raise statementTimeout of the environment',
  P0001: 'meet what its own code demands',
}

/** What to write where, so that a statement which the server refused goes through. */
export function remedyFor(
  { sqlstate }: ServerError,
  { path, name }: Migration,
  statement: Statement | undefined,
): NextAction {
  const what =
    REMEDIES[sqlstate] ?? REMEDIES[sqlstate.slice(0, 2)] ?? 'change what the message names'
  if (path.endsWith('.sql')) {
    const label = statement ? `line ${statement.line}: ${what}` : what
    return { kind: 'edit', path, label }
  }
  // A down migration that no file holds.
  return advice(
    `Write a down.sql into the folder of ${name}; its statements are shown above. There, ${what}.`,
  )
}
