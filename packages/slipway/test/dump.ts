import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { postgresBin } from './postgres.ts'

/**
 * The schema of a database as `pg_dump` writes it, which is independent of Slipway. The order of columns is
 * normalized; Slipway's ledger and Prisma's history are left out.
 */
export function dumpSchema(url: string): string {
  return withoutColumnOrder(pgDump(url, ['--schema-only', '--no-owner']))
}

/** The same with owners and privileges, as one entry for each object. */
export function dumpObjects(url: string): string[] {
  const text = withoutColumnOrder(pgDump(url, ['--schema-only']))
  return text
    .split(/^--\n-- Name: /m)
    .slice(1)
    .map((entry) =>
      entry
        .replace(/^SET default_.*\n/gm, '')
        .replace(DUMP_END, '')
        .trim(),
    )
}

const DUMP_END = /--\n-- PostgreSQL database dump complete\n--\s*$/

function pgDump(url: string, flags: readonly string[]): string {
  const bin = postgresBin()
  if (bin === undefined) throw new Error('pg_dump is not available for this server')
  const args = [
    ...flags,
    '--exclude-schema=slipway',
    '--exclude-table=_prisma_migrations',
    '-d',
    url,
  ]
  return execFileSync(join(bin, 'pg_dump'), args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
}

function withoutColumnOrder(dump: string): string {
  return dump
    .replaceAll(/^\\(?:un)?restrict .*$/gm, '')
    .replaceAll(
      /CREATE (?:UNLOGGED )?TABLE (.+?) \(\n([\s\S]*?)\n\)/g,
      (whole, name: string, body: string) => {
        const columns = body.split('\n').map((line) => line.replace(/,$/, ''))
        return `${whole.split(' TABLE ')[0]} TABLE ${name} (\n${columns.toSorted().join('\n')}\n)`
      },
    )
}

/** Runs files in order through `psql`. */
export function runFiles(url: string, files: readonly string[]): void {
  const bin = postgresBin()
  const psql = bin === undefined ? 'psql' : join(bin, 'psql')
  const input = files.map((file) => `\\i '${file}'`).join('\n')
  execFileSync(psql, ['-q', '-v', 'ON_ERROR_STOP=1', '-d', url], {
    input,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

/** Restores the dump of one database into another, empty one, as a person who moves a database does. */
export function copyByDump(from: string, to: string): void {
  const bin = postgresBin()
  if (bin === undefined) throw new Error('pg_dump is not available for this server')
  const text = execFileSync(join(bin, 'pg_dump'), ['--no-owner', '-d', from], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  execFileSync(join(bin, 'psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '-d', to], {
    input: text,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

/**
 * A database with its rows as `pg_dump` writes it, with owners, privileges, Slipway's ledger and Prisma's
 * history. The rows of each table are sorted, because their order has no meaning.
 */
export function dumpWhole(url: string, flags: readonly string[] = []): string {
  const bin = postgresBin()
  if (bin === undefined) throw new Error('pg_dump is not available for this server')
  const text = execFileSync(join(bin, 'pg_dump'), [...flags, '-d', url], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return text
    .replaceAll(/^\\(?:un)?restrict .*$/gm, '')
    .replaceAll(
      /^(COPY .* FROM stdin;\n)([\s\S]*?)^\\\.$/gm,
      (_whole, head: string, rows: string) =>
        `${head}${rows.split('\n').toSorted().join('\n')}\n\\.`,
    )
}
