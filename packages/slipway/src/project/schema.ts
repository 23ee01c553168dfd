import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Dialect, productOf } from '../database/index.ts'
import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { DEFAULT_SCHEMAS, schemaPaths } from './find.ts'
import { prisma8File, refusePrisma8 } from './prisma-8.ts'
import { type SchemaBlock, type SchemaValue, schemaBlocks } from './schema-blocks.ts'

/** A file of a Prisma schema. */
export interface ProjectSchemaFile {
  /** Relative to the project's root. */
  readonly path: string
  readonly content: string
}

/** A `generator` block. */
export interface Generator {
  readonly name: string
  /** `prisma-client`, `prisma-client-js`, or another program. */
  readonly provider: string
  readonly output?: string
}

/** A project's schema, with the database settings of its blocks. */
export interface ProjectSchema {
  /** The file or the folder, absolute. */
  readonly path: string
  readonly files: readonly ProjectSchemaFile[]
  /** The file with the `datasource`, absolute. */
  readonly datasourceFile: string
  readonly datasource: ReadonlyMap<string, SchemaValue>
  /** The `provider` of the datasource, as written: `postgresql`. */
  readonly provider: string
  /** The dialect of the SQL in its migrations. */
  readonly dialect: Dialect
  /** `schemas` of the datasource; empty if it names none. */
  readonly schemas: readonly string[]
  readonly generators: readonly Generator[]
}

/**
 * Reads a schema file or folder. Fails with PROJECT.SCHEMA_MISSING, PROJECT.DATASOURCE_MISSING or
 * PROJECT.PROVIDER_UNSUPPORTED.
 */
export function readSchema(place: string, root: string): ProjectSchema {
  if (!existsSync(place)) refuseMissing(root, [relative(root, place)])
  const paths = schemaPaths(place)
  if (paths.length === 0) refuseMissing(root, [`${relative(root, place)}/*.prisma`])
  const read = paths.map((file) => {
    const content = readFileSync(file, 'utf8')
    return { file, content, blocks: schemaBlocks(content) }
  })
  const blocks = read.flatMap(({ file, blocks: found }) => found.map((block) => ({ file, block })))
  const datasource = blocks.find(({ block }) => block.keyword === 'datasource')
  if (datasource === undefined) return refuseNoDatasource(relative(root, place))
  const { properties } = datasource.block
  const database = supportedDatabase(properties.get('provider'), relative(root, datasource.file))
  const schemas = properties.get('schemas')
  return {
    path: place,
    files: read.map(({ file, content }) => ({ path: relative(root, file), content })),
    datasourceFile: datasource.file,
    datasource: properties,
    ...database,
    schemas: schemas?.kind === 'list' ? schemas.items : [],
    generators: blocks
      .filter(({ block }) => block.keyword === 'generator')
      .map(({ block }) => generator(block)),
  }
}

/** Raises PROJECT.SCHEMA_MISSING, or PROJECT.PRISMA_8 if the project uses Prisma 8. */
export function refuseMissing(root: string, looked: readonly string[] = DEFAULT_SCHEMAS): never {
  const other = prisma8File(root)
  if (other !== undefined) refusePrisma8(other)
  return raise('PROJECT.SCHEMA_MISSING', {
    message: `No Prisma schema was found: ${looked.join(', ')}.`,
    why: 'Slipway works on a project with a schema.prisma and its migrations.',
    nextActions: [
      advice('Name the file or folder with --schema.'),
      advice('Or name the folder of the project with --cwd.'),
    ],
  })
}

function generator({ name, properties }: SchemaBlock): Generator {
  const output = textOf(properties.get('output'))
  return {
    name,
    provider: textOf(properties.get('provider')) ?? '',
    ...(output === undefined ? {} : { output }),
  }
}

function textOf(value: SchemaValue | undefined): string | undefined {
  return value?.kind === 'string' ? value.value : undefined
}

/**
 * The provider of a datasource block. Fails with PROJECT.PROVIDER_UNSUPPORTED for a database of another
 * product.
 */
function supportedDatabase(
  value: SchemaValue | undefined,
  file: string,
): Pick<ProjectSchema, 'provider' | 'dialect'> {
  const provider = textOf(value) ?? ''
  const { name, dialect } = productOf(provider)
  if (dialect !== undefined) return { provider, dialect }
  return raise('PROJECT.PROVIDER_UNSUPPORTED', {
    message: `The schema is for ${name || 'an unnamed provider'}; Slipway deploys to PostgreSQL, SQLite and Cloudflare D1.`,
    why: 'Its tests of locks, rows and down migrations are valid only for these.',
    nextActions: [
      advice(
        'Point --schema at a schema whose datasource has provider = "postgresql" or "sqlite".',
      ),
    ],
    where: { file },
  })
}

function refuseNoDatasource(place: string): never {
  return raise('PROJECT.DATASOURCE_MISSING', {
    message: `${place} has no datasource block.`,
    why: 'The provider determines the kind of database.',
    nextActions: [
      { kind: 'edit', path: place, label: 'add: datasource db { provider = "postgresql" }' },
    ],
    where: { file: place },
  })
}

function relative(root: string, file: string): string {
  return path.relative(root, file) || path.basename(file)
}
