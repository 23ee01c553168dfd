import { defineConfig } from 'slipway'

// The databases are those of the Worker: their names and ids are in its wrangler.jsonc only.
export default defineConfig({
  d1: { wrangler: '../../apps/worker/wrangler.jsonc', binding: 'DB' },
  environments: {
    // wrangler's top level, on this machine.
    development: {},
    // `env.staging` of wrangler.
    staging: {},
    // wrangler's top level, on Cloudflare.
    production: {},
  },
})
