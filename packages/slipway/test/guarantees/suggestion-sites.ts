import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

// Imports nothing from the sources, because it observes them while they are loaded.

const SOURCES = path.resolve(import.meta.dirname, '../../src')

/** A place in the sources that suggests a command, as a stack names it: `deploy/verify.ts:38:20`. */
export type Site = string

/** All places that suggest a command, with their source text. */
export function suggestionSites(): ReadonlyMap<Site, string> {
  const files = globSync('**/*.ts', { cwd: SOURCES }).filter(
    // Without the definition of `command`, and the engine's protocol, which has other commands.
    (file) => !/\.test\.ts$|^kernel\/failure\.ts$|^engine\/adapter\.ts$/.test(file),
  )
  return new Map(
    files.toSorted().flatMap((file): [Site, string][] => {
      const lines = readFileSync(path.join(SOURCES, file), 'utf8').split('\n')
      return lines.flatMap((line, row): [Site, string][] =>
        [...line.matchAll(/(?<![\w.])command\(/g)].map((call) => [
          `${file}:${row + 1}:${call.index + 1}`,
          lines
            .slice(row, row + 4)
            .join(' ')
            .trim()
            .replaceAll(/\s+/g, ' '),
        ]),
      )
    }),
  )
}

/** The place in a stack that made a suggestion. */
export function siteOf(stack = ''): Site | undefined {
  const frame = stack.split('\n').find((line) => line.includes(`${SOURCES}/`))
  return frame?.match(/\/src\/(.+\.ts:\d+:\d+)\)?$/)?.[1]
}

/** The places that made the suggested commands of the last run, by the text of the command. */
export const madeBy = new Map<string, Set<Site>>()

/** The places whose commands were run as printed. */
export const executed = new Set<Site>()

/** The key of a suggestion's place. Copies of a suggestion keep it, and JSON documents do not contain it. */
export const SITE = Symbol('site')
