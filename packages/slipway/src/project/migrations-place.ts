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
  /** Who says so, for people. */
  readonly source: string
  /** Prisma's folder, absolute, if it is another one that has migrations too. */
  readonly other?: string
}

/** What is known of a project before the files of its dialect are read. */
export interface ProjectSources {
  readonly root: string
  readonly schema: ProjectSchema
  readonly prisma: PrismaConfig
  /** As messages name the prisma.config. */
  readonly prismaConfig: string
  readonly config: SlipwayConfig
  /** Absolute; absent: there is no slipway.config. */
  readonly configFile: string | undefined
  readonly environment: string | undefined
}

/** The files that a project of a dialect has beside those of every project. */
export interface DialectFiles {
  readonly migrations: MigrationsPlace
  readonly wrangler?: WranglerConfig
}

/** Reads the files of a dialect. */
export type ReadDialectFiles = (sources: ProjectSources) => Promise<DialectFiles>
