/** A Prisma schema file. A project has one, or a folder of them. */
export interface SchemaFile {
  /** As messages name it, usually relative to the project. */
  readonly path: string
  readonly content: string
}

const BLOCK = /^[ \t]*(datasource|generator)[ \t]+\w+[ \t]*\{[^}]*\}/gm
// Prisma 7 moved the URLs to its configuration, and refuses them in a schema of Prisma 5 or 6.
const URL_PROPERTY = /^[ \t]*(?:url|directUrl|shadowDatabaseUrl)[ \t]*=.*$/gm
const EXTENSIONS_PROPERTY = /^[ \t]*extensions[ \t]*=[ \t]*\[[^\]]*\]/gm
const PREVIEW_FEATURES = /(?<=^[ \t]*previewFeatures[ \t]*=[ \t]*)\[[^\]]*\]/gm
/** The preview features that change what the schema engine does. */
const ENGINE_FEATURES = new Set(['multiSchema', 'partialIndexes', 'views'])

/**
 * The files as the engine takes them: without connection strings, and with those preview features
 * alone that concern it. The others are the client's, and the engine refuses the names that
 * Prisma 5 and 6 knew; with `postgresqlExtensions` it reports drift for ever. Lines keep their
 * numbers, so that positions in messages are those of the person's files.
 */
export function forEngine(files: readonly SchemaFile[]): SchemaFile[] {
  return files.map(({ path, content }) => ({
    path,
    content: content.replaceAll(BLOCK, withoutTraps),
  }))
}

function withoutTraps(block: string): string {
  return block
    .replaceAll(URL_PROPERTY, '')
    .replaceAll(EXTENSIONS_PROPERTY, blankLines)
    .replaceAll(PREVIEW_FEATURES, engineFeatures)
}

function engineFeatures(list: string): string {
  const kept = [...list.matchAll(/"(\w+)"/g)].filter(([, name = '']) => ENGINE_FEATURES.has(name))
  return `[${kept.map(([quoted]) => quoted).join(', ')}${blankLines(list)}]`
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
