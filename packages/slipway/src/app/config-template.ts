/** A slipway.config.ts with these environments, which explains every setting and sets none. */
export function configTemplate(environments: readonly string[]): string {
  return `import { defineConfig } from 'slipway'

// Slipway finds the schema, the migrations and the connection string as Prisma does, without this
// file. This file adds environments: named targets, each with its policy. Choose one with
// \`slipway deploy --env production\`. An unknown key is an error, because it would have no effect.
export default defineConfig({
  // Where Slipway tests migrations. Default: a private server of the PostgreSQL on this machine, or
  // else the embedded database. Give 'embedded', or a server that is not the server of a target:
  // shadow: 'env:SHADOW_SERVER_URL',

  // The schema of Slipway's own tables on a target, if its role may not create one: an empty schema
  // that only Slipway uses. Default: 'slipway'.
  // ledger: { schema: 'operations' },

  // Hazard rules of your own, in addition to those of Slipway.
  // rules: './slipway.rules.ts',

  // Where backups are (default: the folder prisma/backups), who can open them, and which of them stay.
  // Each environment says with \`backup\` when a deploy makes one.
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
      // env:NAME reads a variable of the shell or of a .env file. Never write a password here.
      // A variable of its own tells Slipway which database is that of ${name}.
      // url: 'env:${variable}',
${name === 'production' ? PRODUCTION : ''}    },`
}

const PRODUCTION = `      // A direct connection, if url leads through a transaction pooler.
      // directUrl: 'env:DIRECT_URL',
      // Ask for --confirm <database> before every change, even if it destroys nothing.
      // confirm: true,
      // Make a backup before each deploy; 'verified-before-deploy' restores it, too.
      // backup: 'before-deploy',
      // How long to keep the data that a deploy destroys, before slipway kept prune drops it.
      // keep: '7d',
      // deploy: {
      //   // Longest wait for a lock in one attempt.
      //   lockTimeout: '200ms',
      //   // Longest run of one statement.
      //   statementTimeout: '15min',
      //   // Longest run of the whole command, with all attempts.
      //   deadline: '30min',
      // },
`
