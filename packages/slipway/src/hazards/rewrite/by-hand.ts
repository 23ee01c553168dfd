/** Hazards that `fix` cannot rewrite, and what to do instead. */
export const BY_HAND: Readonly<Record<string, string>> = {
  'type-change':
    'Change the type over several deploys: add a second column, fill it, then let it replace the first one.',
  'serial-column': 'PostgreSQL fills a column with values from a sequence when it adds it.',
  'stored-column': 'PostgreSQL computes a stored column for all rows when it adds it.',
  'domain-constraint': 'PostgreSQL reads every table that uses the domain.',
  'not-null-without-default': 'Only you know which value existing rows should have.',
  'enum-value-used':
    'The type is created inside the same BEGIN. Give it the value there, or remove the BEGIN.',
  'concurrent-in-transaction': 'The file has its own BEGIN. Remove it.',
  'vacuum-full': 'It rewrites the table. Omit it, or use pg_repack.',
  'set-logged': 'It rewrites the table. Create a new table of the other kind, and copy the rows.',
  'set-tablespace': 'It copies the table. Use pg_repack, or create new partitions there.',
  'attach-scans':
    'Slipway does not know the partition key. Add a CHECK with the bounds first, NOT VALID, and validate it.',
  'detach-not-concurrent':
    'DETACH … CONCURRENTLY leaves a CHECK with the bounds on the table, so the schema would differ.',
  'lock-table': 'The statements after it may need the lock. Omit it if they do not.',
  'disable-trigger':
    'It applies to all clients. Set session_replication_role for the transaction instead.',
  'lock-timeout-weak': 'Remove the statement: a deploy has its own limit.',
  truncate: 'Delete the rows in batches if clients use the table.',
  'no-where': 'It still changes every row. Give it a WHERE, or accept it.',
}
