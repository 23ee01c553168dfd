/** A Prisma schema file. A project has one, or a folder of them. */
export interface SchemaFile {
  /** Its path in messages, usually relative to the project. */
  readonly path: string
  readonly content: string
}

// The content of a bracket, up to the first closing one outside of a string or a comment.
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

/** How the engine will use a schema. */
export interface EngineUse {
  /** Whether to keep its extensions: only if the engine reads its main connection (`needsMainConnection`). */
  readonly extensions?: boolean
}

/**
 * The files as the engine accepts them: without connection strings, and only with the preview features
 * that concern it. The others concern the client, and the engine refuses names from Prisma 5 and 6.
 * Lines keep their numbers, so that positions in messages refer to the user's files.
 */
export function prepareForEngine(files: readonly SchemaFile[], use: EngineUse = {}): SchemaFile[] {
  return files.map(({ path, content }) => ({
    path,
    content: content.replaceAll(BLOCK, (block) => removeUnsupported(block, use)),
  }))
}

/** Whether the schema lists the extensions that its database has. */
export function listsExtensions(files: readonly SchemaFile[]): boolean {
  return hasPreviewFeature(files, EXTENSIONS)
}

/**
 * Whether the schema uses a preview feature that the engine ignores when it reads a shadow database: there it
 * reports extensions and partial indexes as missing, and sees them only on its main connection.
 */
export function needsMainConnection(files: readonly SchemaFile[]): boolean {
  return listsExtensions(files) || hasPreviewFeature(files, 'partialIndexes')
}

function removeUnsupported(block: string, { extensions = false }: EngineUse): string {
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

/** Restores the user's datasource and generator blocks in files that the engine returns. */
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

/** The head of a block with normalized white space: `datasource db`. */
function headOf(block: string): string {
  return block.slice(0, block.indexOf('{')).trim().split(/\s+/).join(' ')
}
