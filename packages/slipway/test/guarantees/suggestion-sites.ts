import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

// Imports nothing of the sources: these are loaded while this watches them.

const SOURCES = path.resolve(import.meta.dirname, '../../src')

/** A place in the sources that makes a suggested command, as a stack names it: `deploy/verify.ts:38:20`. */
export type Site = string

/** All places that make a suggested command, with their text. */
export function suggestionSites(): ReadonlyMap<Site, string> {
  const files = globSync('**/*.ts', { cwd: SOURCES }).filter(
    // The definition; and the engine's protocol, which has commands of another kind.
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

/** The place that a stack says made a suggestion. */
export function siteOf(stack = ''): Site | undefined {
  const frame = stack.split('\n').find((line) => line.includes(`${SOURCES}/`))
  return frame?.match(/\/src\/(.+\.ts:\d+:\d+)\)?$/)?.[1]
}

/** Where each suggested command of the last run was made, by its text. */
export const madeBy = new Map<string, Set<Site>>()

/** The places whose commands were run as printed. */
export const executed = new Set<Site>()

/** The key under which a suggestion holds its place: it stays when a suggestion is copied, and is no part of a document. */
export const SITE = Symbol('site')
