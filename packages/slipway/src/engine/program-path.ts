import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { must } from '../kernel/index.ts'

/**
 * Path of the executable that answers for Prisma's native schema engine: what
 * `PRISMA_SCHEMA_ENGINE_BINARY` is set to.
 */
export function engineProgramPath(): string {
  // The sources lie two folders below the package, the bundle of the published package in it.
  const places = ['../../bin/schema-engine.js', './bin/schema-engine.js']
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  return must(paths.find(existsSync), 'bin/schema-engine.js')
}
