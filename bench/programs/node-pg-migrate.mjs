import { runner } from 'node-pg-migrate'

await runner({
  databaseUrl: process.env.DATABASE_URL,
  dir: process.argv[2],
  direction: 'up',
  migrationsTable: 'pgmigrations',
  verbose: false,
  log: () => {},
})
