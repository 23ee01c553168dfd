import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A port of this machine on which a compose file publishes a PostgreSQL service. */
export interface PublishedPort {
  readonly file: string
  readonly service: string
  readonly port: number
}

const FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']
const POSTGRES_IMAGE = /postgres|postgis|pgvector|timescale/i
const POSTGRES_PORT = 5432

/** The PostgreSQL ports of the nearest compose file from `root` upward, within its repository. */
export function publishedPorts(
  root: string,
  variable: (name: string) => string | undefined,
): PublishedPort[] {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const file = FILES.find((name) => existsSync(path.join(folder, name)))
    if (file !== undefined) {
      const text = readFileSync(path.join(folder, file), 'utf8')
      return postgresPorts(text, variable).map((found) => ({ file, ...found }))
    }
    const end = existsSync(path.join(folder, '.git')) || folder === path.dirname(folder)
    if (end) return []
  }
}

/**
 * Reads `services.*.image` and `.ports` from the text of a compose file. Supports only the YAML that
 * compose files use there, and ignores entries that it cannot read.
 */
export function postgresPorts(
  text: string,
  variable: (name: string) => string | undefined,
): { service: string; port: number }[] {
  return servicesOf(text)
    .filter(({ lines }) => POSTGRES_IMAGE.test(scalar(valueOf(lines, 'image') ?? '')))
    .flatMap(({ name, lines }) =>
      portEntries(lines)
        .map((entry) => publishedPort(interpolate(entry, variable)))
        .filter((port) => port !== undefined)
        .map((port) => ({ service: name, port })),
    )
}

interface Line {
  readonly indent: number
  readonly text: string
}

function linesOf(text: string): Line[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trimEnd())
    .filter((line) => line.trim() !== '')
    .map((line) => ({ indent: line.search(/\S/), text: line.trim() }))
}

/** The lines after `index` with more indentation, up to the first one with less or equal indentation. */
function childrenOf(lines: readonly Line[], index: number): Line[] {
  const indent = lines[index]?.indent ?? 0
  const rest = lines.slice(index + 1)
  // A list may have the same indentation as its key.
  const end = rest.findIndex(
    (line) => line.indent < indent || (line.indent === indent && !line.text.startsWith('-')),
  )
  return end === -1 ? rest : rest.slice(0, end)
}

function servicesOf(text: string): { name: string; lines: Line[] }[] {
  const lines = linesOf(text)
  const start = lines.findIndex((line) => line.indent === 0 && line.text === 'services:')
  if (start === -1) return []
  const inside = childrenOf(lines, start)
  const depth = inside[0]?.indent
  return inside.flatMap((line, index) => {
    const name = line.indent === depth && /^(["']?)([\w.-]+)\1:$/.exec(line.text)?.[2]
    return name ? [{ name, lines: childrenOf(inside, index) }] : []
  })
}

function keyIndex(lines: readonly Line[], key: string): number {
  const depth = lines[0]?.indent
  return lines.findIndex((line) => line.indent === depth && line.text.startsWith(`${key}:`))
}

function valueOf(lines: readonly Line[], key: string): string | undefined {
  const line = lines[keyIndex(lines, key)]
  return line?.text.slice(key.length + 1).trim()
}

/** Each port as a string: `5433:5432`, or `published:target` for the long form. */
function portEntries(lines: readonly Line[]): string[] {
  const inline = valueOf(lines, 'ports')
  if (inline === undefined) return []
  if (inline.startsWith('[')) return inline.slice(1, inline.lastIndexOf(']')).split(',').map(scalar)
  const entries: string[][] = []
  for (const { text } of childrenOf(lines, keyIndex(lines, 'ports'))) {
    if (text.startsWith('-')) entries.push([text.slice(1).trim()])
    else entries.at(-1)?.push(text)
  }
  return entries.map(entryText)
}

function entryText(lines: readonly string[]): string {
  const part = (key: string) =>
    lines.map((line) => new RegExp(`^${key}:\\s*(.+)$`).exec(line)?.[1]).find(Boolean)
  const target = part('target')
  return target === undefined
    ? scalar(lines[0] ?? '')
    : `${scalar(part('published') ?? '')}:${scalar(target)}`
}

/**
 * The host port of `[address:]host:container[/protocol]`, if the container port is
 * PostgreSQL's; otherwise undefined.
 */
function publishedPort(entry: string): number | undefined {
  const match = /^(?:(?:\[[^\]]*\]|[\d.]+):)?(\d+):(\d+)(?:\/tcp)?$/.exec(entry)
  return match && Number(match[2]) === POSTGRES_PORT ? Number(match[1]) : undefined
}

function interpolate(text: string, variable: (name: string) => string | undefined): string {
  return text.replaceAll(
    /\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)/g,
    (_, braced, fallback, bare) => variable(braced ?? bare) || (fallback ?? ''),
  )
}

function scalar(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/, '$2')
}
