import { defineConfig } from 'slipway'

// The databases are those of the Worker: their names and IDs are only in its wrangler.jsonc.
export default defineConfig({
  d1: { wrangler: '../../apps/worker/wrangler.jsonc', binding: 'DB' },
  environments: {
    // The top level of wrangler.jsonc, on this machine.
    development: {},
    // `env.staging` of wrangler.jsonc.
    staging: {},
    // The top level of wrangler.jsonc, on Cloudflare.
    production: {},
  },
})
