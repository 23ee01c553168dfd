/** Hazards of form that `fix` leaves to people, and why. */
export const BY_HAND: Readonly<Record<string, string>> = {
  'type-change':
    'Change the type over several deploys: add a second column, fill it, then let it replace the first one.',
  'serial-column': 'PostgreSQL fills a column with values from a sequence when it adds it.',
  'stored-column': 'PostgreSQL computes a stored column for all rows when it adds it.',
  'domain-constraint': 'PostgreSQL reads every table that uses the domain.',
  'not-null-without-default': 'Only a person knows which value existing rows should have.',
  'enum-value-used':
    'The type is created inside the same BEGIN. Give it the value there, or remove the BEGIN.',
  'concurrent-in-transaction': 'The file has its own BEGIN. Remove it.',
  'vacuum-full': 'It rewrites the table. Omit it, or use pg_repack.',
  'no-where': 'It still changes every row. Give it a WHERE, or accept it.',
}
