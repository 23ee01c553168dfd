import path from 'node:path'
import type { NextConfig } from 'next'

const repository = path.join(import.meta.dirname, '../..')

export default {
  // The runtime is a package of this repository, in TypeScript.
  transpilePackages: ['slipway-runtime'],
  turbopack: { root: repository },
  outputFileTracingRoot: repository,
  serverExternalPackages: [
    '@electric-sql/pglite',
    '@opentelemetry/api',
    '@opentelemetry/exporter-prometheus',
    '@opentelemetry/sdk-metrics',
    '@prisma/adapter-pg',
    'bentocache',
    'ioredis',
    'pg',
    'pglite-prisma-adapter',
    'pino',
  ],
  poweredByHeader: false,
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'x-content-type-options', value: 'nosniff' },
        { key: 'referrer-policy', value: 'same-origin' },
        { key: 'x-frame-options', value: 'DENY' },
      ],
    },
  ],
} satisfies NextConfig
