import type { ProjectSchemaFile } from './schema.ts'

/** A name in the Prisma schema and the name in the database, which `@map` can change. */
export interface MappedName {
  readonly name: string
  readonly mapped: string
}

/** A field of a model, or a value of an enum. */
export interface MappedMember extends MappedName {
  /** The value that Prisma's client generates for a missing field; the database has no default for it. */
  readonly filled?: 'uuid' | 'cuid' | 'nanoid' | 'ulid' | 'updatedAt'
  /** The enum that is the type of a field, which SQLite's columns do not show. */
  readonly enum?: string
}

/** A model with its fields, or an enum with its values; `mapped` is the table or the type. */
export interface MappedBlock extends MappedName {
  readonly schema: string
  readonly members: readonly MappedMember[]
}

/** The database names of the models and enums of a Prisma schema. */
export interface SchemaNames {
  readonly models: readonly MappedBlock[]
  readonly enums: readonly MappedBlock[]
  /** Whether the Prisma schema names PostgreSQL schemas, so that Prisma qualifies every name. */
  readonly qualified: boolean
}

const BLOCK = /^[ \t]*(model|enum)[ \t]+(\w+)[ \t]*\{((?:"(?:\\.|[^"\\\n])*"|[^"}])*)\}/gm
// Strings come first: a `//` inside one does not begin a comment.
const STRING_OR_COMMENT = /("(?:\\.|[^"\\\n])*")|\/\/[^\n]*/g

/**
 * Reads the names of a schema that Prisma's engine accepts; validation is left to the engine. Blocks that
 * name no PostgreSQL schema are in the default schema.
 */
export function schemaNames(
  files: readonly ProjectSchemaFile[],
  defaultSchema: string,
): SchemaNames {
  const models: ReadBlock[] = []
  const enums: MappedBlock[] = []
  let qualified = false
  for (const { content } of files) {
    const text = content.replaceAll(
      STRING_OR_COMMENT,
      (_match, string: string | undefined) => string ?? '',
    )
    for (const [, keyword, name = '', body = ''] of text.matchAll(BLOCK)) {
      const schema = attributeValue(body, '@@schema')
      qualified ||= schema !== undefined
      const block = {
        name,
        mapped: attributeValue(body, '@@map') ?? name,
        schema: schema ?? defaultSchema,
        members: membersOf(body),
      }
      if (keyword === 'model') models.push(block)
      else enums.push({ ...block, members: block.members.map(withoutType) })
    }
  }
  const names = new Set(enums.map(({ name }) => name))
  return { models: models.map((model) => withEnums(model, names)), enums, qualified }
}

function withEnums({ members, ...model }: ReadBlock, enums: ReadonlySet<string>): MappedBlock {
  return {
    ...model,
    members: members.map(({ type, ...member }) =>
      type !== undefined && enums.has(type) ? { ...member, enum: type } : member,
    ),
  }
}

function withoutType({ type: _, ...member }: ReadMember): MappedMember {
  return member
}

interface ReadBlock extends Omit<MappedBlock, 'members'> {
  readonly members: readonly ReadMember[]
}

/** A field with the name of its type. */
interface ReadMember extends MappedMember {
  readonly type?: string
}

function membersOf(body: string): ReadMember[] {
  return body.split('\n').flatMap((line) => {
    const [, name, type] = /^\s*(\w+)(?:[ \t]+(\w+))?/.exec(line) ?? []
    if (name === undefined) return []
    const mapped = attributeValue(line, '(?<!@)@map') ?? name
    return [{ name, mapped, ...(type === undefined ? {} : { type }), ...filledBy(line) }]
  })
}

function filledBy(line: string): Pick<MappedMember, 'filled'> {
  if (/@updatedAt\b/.test(line)) return { filled: 'updatedAt' }
  const made = /@default\(\s*(uuid|cuid|nanoid|ulid)\(/.exec(line)?.[1]
  return made === undefined ? {} : { filled: made as 'uuid' | 'cuid' | 'nanoid' | 'ulid' }
}

function attributeValue(text: string, pattern: string): string | undefined {
  const value = new RegExp(`${pattern}\\(\\s*(?:name\\s*:\\s*)?("(?:\\\\.|[^"\\\\])*")`).exec(
    text,
  )?.[1]
  return value === undefined ? undefined : String(JSON.parse(value))
}
