/** A Prisma schema file. A project has one, or a folder of them. */
export interface SchemaFile {
  /** As messages name it, usually relative to the project. */
  readonly path: string
  readonly content: string
}

// What a bracket encloses, up to the first one that closes it outside of a text or a comment.
const TEXT_OR_COMMENT = String.raw`"(?:\\.|[^"\\\n])*"|\/\/[^\n]*`
const WITHIN = (close: string) => String.raw`(?:${TEXT_OR_COMMENT}|[^${close}"/]|\/(?!\/))*`
const BLOCK = new RegExp(
  String.raw`^[ \t]*(datasource|generator)[ \t]+\w+[ \t]*\{${WITHIN('}')}\}`,
  'gm',
)
// Prisma 7 moved the URLs to its configuration, and refuses them in a schema of Prisma 5 or 6.
const URL_PROPERTY = /^[ \t]*(?:url|directUrl|shadowDatabaseUrl)[ \t]*=.*$/gm
const EXTENSIONS_PROPERTY = new RegExp(
  String.raw`^[ \t]*extensions[ \t]*=[ \t]*\[${WITHIN(String.raw`\]`)}\]`,
  'gm',
)
const PREVIEW_FEATURES = new RegExp(
  String.raw`(?<=^[ \t]*previewFeatures[ \t]*=[ \t]*)\[${WITHIN(String.raw`\]`)}\]`,
  'gm',
)
/** The preview features that change what the schema engine does. */
const ENGINE_FEATURES = new Set(['multiSchema', 'partialIndexes', 'views'])
/** The preview feature by which a schema lists its extensions. */
const EXTENSIONS = 'postgresqlExtensions'

/** What a schema is given to the engine for. */
export interface EngineUse {
  /** Whether its extensions count: only where the engine reads its main connection. See `needsMainConnection`. */
  readonly extensions?: boolean
}

/**
 * The files as the engine takes them: without connection strings, and with those preview features
 * alone that concern it. The others are the client's, and the engine refuses the names that
 * Prisma 5 and 6 knew. Lines keep their numbers, so that positions in messages are those of the person's files.
 */
export function forEngine(files: readonly SchemaFile[], use: EngineUse = {}): SchemaFile[] {
  return files.map(({ path, content }) => ({
    path,
    content: content.replaceAll(BLOCK, (block) => withoutTraps(block, use)),
  }))
}

/** Whether the schema lists the extensions that its database has. */
export function listsExtensions(files: readonly SchemaFile[]): boolean {
  return hasPreviewFeature(files, EXTENSIONS)
}

/**
 * Whether the schema uses a preview feature that the engine forgets where it reads a shadow database: it reports extensions and
 * partial indexes as missing there, and sees them only on its main connection.
 */
export function needsMainConnection(files: readonly SchemaFile[]): boolean {
  return listsExtensions(files) || hasPreviewFeature(files, 'partialIndexes')
}

function withoutTraps(block: string, { extensions = false }: EngineUse): string {
  const listed = extensions ? block : block.replaceAll(EXTENSIONS_PROPERTY, blankLines)
  return listed
    .replaceAll(URL_PROPERTY, '')
    .replaceAll(PREVIEW_FEATURES, (list) => engineFeatures(list, extensions))
}

function engineFeatures(list: string, extensions: boolean): string {
  const kept = featuresIn(list).filter(
    (name) => ENGINE_FEATURES.has(name) || (extensions && name === EXTENSIONS),
  )
  return `[${kept.map((name) => `"${name}"`).join(', ')}${blankLines(list)}]`
}

function featuresIn(list: string): string[] {
  return [...list.matchAll(/\/\/[^\n]*|"(\w+)"/g)].flatMap(([, name]) => name ?? [])
}

/** Whether a generator of the schema names a preview feature. */
export function hasPreviewFeature(files: readonly SchemaFile[], feature: string): boolean {
  return files.some(({ content }) =>
    (content.match(BLOCK) ?? []).some((block) =>
      (block.match(PREVIEW_FEATURES) ?? []).some((list) => featuresIn(list).includes(feature)),
    ),
  )
}

function blankLines(text: string): string {
  return text.replaceAll(/[^\r\n]+/g, '')
}

/** Puts the person's own datasource and generator blocks back into files that the engine returns. */
export function restoreConfiguration(
  files: readonly SchemaFile[],
  originals: readonly SchemaFile[],
): SchemaFile[] {
  const blocks = new Map(
    originals
      .flatMap(({ content }) => content.match(BLOCK) ?? [])
      .map((block): [string, string] => [headOf(block), block]),
  )
  const restore = (block: string) => blocks.get(headOf(block)) ?? block
  return files.map(({ path, content }) => ({ path, content: content.replaceAll(BLOCK, restore) }))
}

/** `datasource db` with any white space around it. */
function headOf(block: string): string {
  return block.slice(0, block.indexOf('{')).trim().split(/\s+/).join(' ')
}
