/** Hazards of form that `fix` leaves to people, and why. */
export const BY_HAND: Readonly<Record<string, string>> = {
  'type-change':
    'Another type needs a second column that is filled and takes the place of the first, over several deploys.',
  'serial-column': 'A column that takes its values from a sequence is filled as it is added.',
  'stored-column': 'A stored column is computed for all rows as it is added.',
  'domain-constraint': 'Every table that uses the domain is read.',
  'not-null-without-default': 'Only people know which value the rows that are there should have.',
  'enum-value-used':
    'The type is made inside of the same BEGIN. Give it the value there, or take the BEGIN away.',
  'concurrent-in-transaction': 'The file has a BEGIN of its own. Take it away.',
  'vacuum-full': 'It writes the table anew. Leave it out, or use pg_repack.',
  'no-where': 'It still changes every row. Give it a WHERE, or accept it.',
}
