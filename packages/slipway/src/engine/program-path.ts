import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { must } from '../kernel/index.ts'

/**
 * The path of the executable that replaces Prisma's native schema engine: the value for
 * `PRISMA_SCHEMA_ENGINE_BINARY`.
 */
export function engineProgramPath(): string {
  // The sources are two folders below the package; the published bundle is in its root.
  const places = ['../../bin/schema-engine.js', './bin/schema-engine.js']
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  return must(paths.find(existsSync), 'bin/schema-engine.js')
}
