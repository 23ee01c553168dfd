import { defineConfig } from 'slipway'

export default defineConfig({
  environments: {
    // Prisma's own connection string; without one, the embedded database.
    development: {},
    testing: { url: 'env:TESTING_DATABASE_URL' },
    staging: { url: 'env:STAGING_DATABASE_URL', backup: 'before-deploy' },
    production: {
      url: 'env:DATABASE_URL',
      directUrl: 'env:DIRECT_URL',
      backup: 'before-deploy',
      confirm: true,
      deploy: { lockTimeout: '200ms', statementTimeout: '15min', deadline: '30min' },
    },
  },
})
