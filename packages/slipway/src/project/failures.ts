import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can be wrong with a project's files and settings. */
export const projectFailures = {
  'PROJECT.SCHEMA_MISSING': { title: 'No Prisma schema was found' },
  'PROJECT.DATASOURCE_MISSING': { title: 'The schema has no datasource' },
  'PROJECT.PROVIDER_UNSUPPORTED': {
    title: 'The schema is for a database that Slipway does not support',
  },
  'PROJECT.PROVIDER_SWITCHED': {
    title: 'The migrations and the schema are for different databases',
  },
  'PROJECT.PRISMA_8': { title: 'The project uses the migration format of Prisma 8' },
  'PROJECT.CONFIG_MISSING': { title: 'The given configuration file does not exist' },
  'PROJECT.CONFIG_INVALID': { title: 'A configuration file cannot be used' },
  'PROJECT.CONFIG_UNKNOWN_KEY': { title: 'slipway.config has an unknown key' },
  'PROJECT.ENVIRONMENT_UNKNOWN': { title: 'No environment has that name' },
  'PROJECT.ENV_CONFLICT': {
    title: 'Two .env files contain different values for a connection string',
  },
  'PROJECT.URL_MISSING': { title: 'An environment has no connection string' },
  'PROJECT.WRANGLER_MISSING': { title: 'There is no wrangler configuration' },
  'PROJECT.D1_NOT_CONFIGURED': {
    title: 'The wrangler configuration does not contain the requested D1 database',
  },
  'PROJECT.D1_BINDING_AMBIGUOUS': {
    title: 'The Worker has several D1 databases, and none is named',
  },
  'PROJECT.D1_TOKEN_MISSING': { title: 'There is no API token for a remote D1 database' },
  'PROJECT.D1_ACCOUNT_MISSING': {
    title: 'No Cloudflare account is named for a remote D1 database',
  },
  'PROJECT.D1_PROVIDER': { title: 'A D1 database was requested, but the schema is not for SQLite' },
  'PROJECT.MIGRATIONS_MISSING': { title: 'There is no migrations folder' },
  'PROJECT.MIGRATION_FILE_MISSING': { title: 'A migration folder has no migration.sql' },
  'PROJECT.MIGRATION_NOT_UTF8': { title: 'A migration is not UTF-8 text, or contains a NUL byte' },
  'PROJECT.MIGRATION_DUPLICATE': { title: 'Two migrations have the same name' },
  'PROJECT.MIGRATIONS_MIXED': { title: 'The migrations folder has migrations in two layouts' },
  'PROJECT.MIGRATIONS_PATTERN': {
    title: "Slipway cannot read migrations by the pattern of wrangler's configuration",
  },
  'PROJECT.DOWN_MIGRATION_PLACE': { title: 'wrangler would apply a down migration as a migration' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof projectFailures> = createRaise(projectFailures)
