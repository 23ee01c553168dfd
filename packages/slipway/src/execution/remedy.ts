import { advice, type NextAction, type ServerError } from '../kernel/index.ts'
import type { Migration, Statement } from '../statements/index.ts'

/** How to remove the cause of a refused statement, by SQLSTATE or its class: the text after "edit the file". */
const REMEDIES: Readonly<Record<string, string>> = {
  '22': 'first convert the values that do not fit, with an UPDATE or with USING',
  '23502': 'first give a value to the rows that have none, with an UPDATE or a default',
  '23503': 'first correct or delete the rows that refer to missing rows',
  '23505': 'first merge or change the rows with equal values',
  '23514': 'first correct the rows that violate the check, or create the partition that they need',
  '23P01': 'first correct the rows that conflict with each other',
  '23': 'first correct the rows that it rejects',
  '25': 'move it to a place where the server accepts it: another transaction, or the beginning of this one',
  '2BP01': 'first change or drop the objects that depend on it, or use CASCADE',
  '3F000': 'first create the schema, or correct its name',
  '42601': 'correct its syntax',
  '42701': 'remove the statement, or first drop the object that already has this name',
  '42710': 'remove the statement, or first drop the object that already has this name',
  '42723': 'remove the statement, or first drop the object that already has this name',
  '42P06': 'remove the statement, or first drop the object that already has this name',
  '42P07': 'remove the statement, or first drop the object that already has this name',
  '42703': 'correct the name, or first create the object that it names',
  '42704': 'correct the name, or first create the object that it names',
  '42883': 'correct the name or the types of its arguments, or first create the function',
  '42P01': 'correct the name, or first create the object that it names',
  '57014':
    'split it into several that each take less time, or raise statementTimeout of the environment',
  P0001: 'satisfy the condition for which its own code raises this error',
}

/** What to change, and in which file, so that the server accepts a statement that it refused. */
export function remedyFor(
  { sqlstate }: ServerError,
  { path, name }: Migration,
  statement: Statement | undefined,
): NextAction {
  const what =
    REMEDIES[sqlstate] ??
    REMEDIES[sqlstate.slice(0, 2)] ??
    'correct the problem that the message names'
  if (path.endsWith('.sql')) {
    const label = statement ? `line ${statement.line}: ${what}` : what
    return { kind: 'edit', path, label }
  }
  // A down migration without a file.
  return advice(
    `Write a down.sql in the folder of ${name} with the statements shown above, and ${what}.`,
  )
}
