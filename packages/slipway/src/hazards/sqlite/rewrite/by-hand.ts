/** Hazards of form that `fix` leaves to people, and why. */
export const BY_HAND: Readonly<Record<string, string>> = {
  'rebuild-misplaces-values': 'Only a person knows which values belong there.',
  'rebuild-required-column': 'Only a person knows which value existing rows should have.',
  'rebuild-adds-constraint': 'Only a person knows what becomes of rows that break it.',
  'rebuild-loses-definition':
    'Only a person knows whether the table is to lose it. If not, use the CREATE TABLE that check and plan show.',
  'rebuild-strict': 'Only a person knows what becomes of values of other types.',
  'rebuild-datetime-default': 'Only a person knows which form the application reads.',
  'rebuild-renames-first': 'Fill a new table, drop the old one, and rename the new one.',
  'alter-constraint': 'Rebuild the table.',
  'keys-unenforced': 'Put the statement into a migration of its own.',
  'replace-deletes-rows': 'ON CONFLICT DO UPDATE keeps values that REPLACE loses.',
  'create-table-as': 'Only a person knows the keys and constraints of the table.',
  'unsafe-pragma': 'Remove it, and what needs it.',
  'legacy-alter-table': 'Remove the PRAGMA.',
  'attach-database': 'Copy what is needed into the database itself.',
  'd1-temporary': 'Create an ordinary table, and drop it at the end of the file.',
  'd1-columns': 'Put some of the columns into a table of their own.',
  'd1-limit': 'Write the statement otherwise.',
  'd1-large-file': 'Cut the file into several migrations.',
  'd1-module': 'Use FTS5.',
  'sqlite-no-where': 'It still changes every row. Give it a WHERE, or accept it.',
}
