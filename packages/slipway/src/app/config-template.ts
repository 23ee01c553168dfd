/** A slipway.config.ts that explains every setting and sets none. */
export const CONFIG_TEMPLATE = `import { defineConfig } from 'slipway'

// Slipway finds the schema, the migrations and the connection string as Prisma does, without this
// file. What it adds are environments: targets by name, each with its policy. Use one with
// \`slipway deploy --env production\`. An unknown key is an error, so that no setting goes unheard.
export default defineConfig({
  // Where migrations are tried before anyone trusts them. Without this: a private, throw-away server of
  // the PostgreSQL on this machine, else an embedded one. 'embedded', or a server that is no target:
  // shadow database: 'env:SHADOW_SERVER_URL',

  // Rules of your own, beside the hazards that Slipway knows.
  // rules: './slipway.rules.ts',

  environments: {
    // development: {},

    // staging: {
    //   // env:NAME reads a variable of the shell or of a .env file. Never write a password here.
    //   url: 'env:STAGING_DATABASE_URL',
    // },

    // production: {
    //   url: 'env:DATABASE_URL',
    //   // Where url leads through a transaction pooler: the way past it.
    //   directUrl: 'env:DIRECT_URL',
    //   // Ask for --confirm <database> at each deploy, also where nothing is destroyed.
    //   confirm: true,
    //   // How long what a deploy destroyed is kept, before slipway kept prune drops it.
    //   keep: '7d',
    //   deploy: {
    //     // How long a statement may wait for a lock before it steps aside and tries again.
    //     lockTimeout: '200ms',
    //     // How long a statement may run.
    //     statementTimeout: '15min',
    //     // How long a deploy tries in all.
    //     deadline: '30min',
    //   },
    // },
  },
})
`
