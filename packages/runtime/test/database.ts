import { createDatabase, type TestDatabase } from '../../slipway/test/postgres.ts'
import { runSql } from '../../slipway/test/run-sql.ts'

/** The tables of schema.prisma. */
const TABLES = `
CREATE TABLE carriers (
  id serial PRIMARY KEY, name text NOT NULL, mc_number text UNIQUE,
  balance numeric(12, 2) NOT NULL DEFAULT 0, mileage bigint NOT NULL DEFAULT 0, logo bytea,
  since timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE contacts (
  id serial PRIMARY KEY, carrier_id int NOT NULL REFERENCES carriers ON UPDATE CASCADE ON DELETE CASCADE,
  full_name text NOT NULL, phone text
);
CREATE INDEX ON contacts (carrier_id);
CREATE TABLE loads (
  id serial PRIMARY KEY, reference text NOT NULL UNIQUE,
  carrier_id int REFERENCES carriers ON UPDATE CASCADE ON DELETE SET NULL
);
CREATE INDEX ON loads (carrier_id);
INSERT INTO carriers (name, mc_number) SELECT 'Carrier ' || n, (100000 + n)::text FROM generate_series(1, 20) n;
INSERT INTO contacts (carrier_id, full_name, phone) SELECT n, 'Contact ' || n, '555-0100' FROM generate_series(1, 20) n;
`

/** A database with the tables of schema.prisma and 20 carriers, on the test server. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const database = await createDatabase()
  await createTables(database.url)
  return database
}

/** Creates the tables of schema.prisma and 20 carriers in the database of `url`. */
export async function createTables(url: string): Promise<void> {
  await runSql(url, TABLES)
}
