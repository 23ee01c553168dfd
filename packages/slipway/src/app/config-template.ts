/** A slipway.config.ts with these environments, which explains every setting and sets none. */
export function configTemplate(environments: readonly string[]): string {
  return `import { defineConfig } from 'slipway'

// Slipway finds the schema, the migrations and the connection string as Prisma does, without this
// file. This file adds environments: named targets, each with its policy. Choose one with
// \`slipway deploy --env production\`. An unknown key is an error, because it would have no effect.
export default defineConfig({
  // Where Slipway tests migrations. Default: a private server started from the PostgreSQL on this
  // machine, otherwise the embedded database. Set 'embedded', or a server that hosts no target:
  // shadow: 'env:SHADOW_SERVER_URL',

  // The schema of Slipway's own tables on the target. Set it if the role cannot create a schema: name
  // an empty schema that only Slipway uses. Default: 'slipway'.
  // ledger: { schema: 'operations' },

  // Your own hazard rules, in addition to the built-in ones.
  // rules: './slipway.rules.ts',

  // Where backups are stored (default: the folder prisma/backups), who can decrypt them, and how long
  // they are kept. \`backup\` of an environment sets when a deploy makes one.
  // backup: { encryption: { recipients: ['age1…'] }, keep: { last: 5, days: 7, weeks: 4, months: 12 } },

  environments: {
${environments.map(environment).join('\n\n')}
  },
})
`
}

function environment(name: string): string {
  const key = /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`
  if (name === 'development' || name === 'testing') return `    ${key}: {},`
  const variable = `${name.toUpperCase().replaceAll(/\W/g, '_')}_DATABASE_URL`
  return `    ${key}: {
      // env:NAME reads a variable from the shell or a .env file. Never write a password here.
      // A separate variable lets Slipway recognize the ${name} database.
      // url: 'env:${variable}',
${name === 'production' ? PRODUCTION : ''}    },`
}

const PRODUCTION = `      // A direct connection, if url leads through a transaction pooler.
      // directUrl: 'env:DIRECT_URL',
      // Ask for --confirm <database> before every change, even if it destroys nothing.
      // confirm: true,
      // Make a backup before each deploy; 'verified-before-deploy' also verifies it with a test restore.
      // backup: 'before-deploy',
      // How long to keep the data that a deploy destroys, before slipway kept prune drops it.
      // keep: '7d',
      // deploy: {
      //   // Maximum wait for a lock, per attempt.
      //   lockTimeout: '200ms',
      //   // Maximum duration of a statement.
      //   statementTimeout: '15min',
      //   // Maximum duration of the whole command, including retries.
      //   deadline: '30min',
      // },
`
