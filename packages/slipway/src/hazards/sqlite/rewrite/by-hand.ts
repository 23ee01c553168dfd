/** Hazards that `fix` cannot rewrite, and what to do instead. */
export const BY_HAND: Readonly<Record<string, string>> = {
  'rebuild-misplaces-values': 'Only you know which values belong there.',
  'rebuild-required-column': 'Only you know which value existing rows should have.',
  'rebuild-adds-constraint': 'Only you know what should happen to rows that break it.',
  'rebuild-loses-definition':
    'Only you know whether the table should lose it. If not, use the CREATE TABLE that check and plan show.',
  'rebuild-strict': 'Only you know what should happen to values of other types.',
  'rebuild-datetime-default': 'Only you know which format the application reads.',
  'rebuild-renames-first': 'Fill a new table, drop the old one, and rename the new one.',
  'alter-constraint': 'Rebuild the table.',
  'keys-unenforced': 'Move the statement to a separate migration.',
  'replace-deletes-rows': 'ON CONFLICT DO UPDATE keeps values that REPLACE loses.',
  'create-table-as': 'Only you know the keys and constraints of the table.',
  'unsafe-pragma': 'Remove it, and what needs it.',
  'legacy-alter-table': 'Remove the PRAGMA.',
  'attach-database': 'Copy what is needed into the database itself.',
  'd1-temporary': 'Create an ordinary table, and drop it at the end of the file.',
  'd1-columns': 'Move some of the columns to a separate table.',
  'd1-limit': 'Rewrite the statement.',
  'd1-large-file': 'Split the file into several migrations.',
  'd1-module': 'Use FTS5.',
  'sqlite-no-where': 'It still changes every row. Give it a WHERE, or accept it.',
}
