import type { MigrationsLayout } from './migration-layout.ts'
import type { PrismaConfig } from './prisma-config.ts'
import type { ProjectSchema } from './schema.ts'
import type { SlipwayConfig } from './slipway-config.ts'
import type { WranglerConfig } from './wrangler-config.ts'

/** The migrations folder of a project. */
export interface MigrationsPlace {
  /** Absolute; it may not exist yet. */
  readonly dir: string
  readonly layout: MigrationsLayout
  /** The setting that determines it, for people. */
  readonly source: string
  /** Prisma's folder, absolute, if it is a different one that also has migrations. */
  readonly other?: string
}

/** The parts of a project that are known before the files of its dialect are read. */
export interface ProjectSources {
  readonly root: string
  readonly schema: ProjectSchema
  readonly prisma: PrismaConfig
  /** The name of the prisma.config in messages. */
  readonly prismaConfig: string
  readonly config: SlipwayConfig
  /** Absolute; undefined if there is no slipway.config. */
  readonly configFile: string | undefined
  readonly environment: string | undefined
}

/** The files that only projects of a dialect have. */
export interface DialectFiles {
  readonly migrations: MigrationsPlace
  readonly wrangler?: WranglerConfig
}

/** Reads the files of a dialect. */
export type ReadDialectFiles = (sources: ProjectSources) => Promise<DialectFiles>
