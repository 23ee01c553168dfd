import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Check, passed, warned } from './check.ts'

interface Version {
  /** The version range in package.json. */
  readonly asked?: string
  /** The version in node_modules. */
  readonly installed?: string
}

const PIN = 'Add it with an exact version: npm install --save-dev --save-exact prisma@7'

/**
 * Checks which Prisma runs in the project. Without a pinned version, `npx prisma` fetches the newest one,
 * and version 8 has a different migration format and no `migrate deploy`.
 */
export function checkPrisma(root: string): Check[] {
  const cli = versionOf(root, 'prisma')
  const client = versionOf(root, '@prisma/client')
  const checks = [checkCli(cli)]
  const mismatch = checkMatch(cli, client)
  return mismatch ? [...checks, mismatch] : checks
}

function checkCli({ asked, installed }: Version): Check {
  if (installed !== undefined && major(installed) >= 8) {
    return warned(
      'prisma',
      `Prisma ${installed} cannot deploy this history: its migration format is different.`,
      PIN,
    )
  }
  if (asked === undefined && installed === undefined) {
    return warned(
      'prisma',
      'The project does not depend on prisma: npx would download the newest version, which may be 8.',
      PIN,
    )
  }
  if (asked !== undefined && mayBe8(asked)) {
    return warned(
      'prisma',
      `package.json asks for prisma "${asked}", which may install version 8.`,
      PIN,
    )
  }
  return passed('prisma', `Prisma ${installed ?? asked}.`)
}

function checkMatch(cli: Version, client: Version): Check | undefined {
  const [cliVersion, clientVersion] = [cli.installed ?? cli.asked, client.installed ?? client.asked]
  if (cliVersion === undefined || clientVersion === undefined) return undefined
  if (minor(cliVersion) === minor(clientVersion))
    return passed('prisma client', `@prisma/client ${clientVersion}.`)
  return warned(
    'prisma client',
    `prisma is ${cliVersion}, @prisma/client is ${clientVersion}.`,
    'Use the same minor version for both, and generate the client again.',
  )
}

/** Whether a range may include version 8: `latest`, `*`, `>=7` and `7 || 8` do, `^7.1.0` does not. */
function mayBe8(range: string): boolean {
  if (range.includes('||')) return range.split('||').some((one) => mayBe8(one.trim()))
  if (/^(?:workspace|catalog|file|link|npm|git|https?)\b/.test(range)) return false
  if (/^[~^=v\s]*\d/.test(range)) return major(range) >= 8
  return !/<\s*=?\s*[1-8](?:\.0)*(?![\d.]*[1-9])/.test(range)
}

function major(version: string): number {
  return Number(/\d+/.exec(version)?.[0] ?? 0)
}

function minor(version: string): string {
  return /(\d+)(?:\.\d+)?/.exec(version)?.[0] ?? version
}

function versionOf(root: string, name: string): Version {
  const asked = askedFor(root, name)
  const installed = findUpward(
    root,
    path.join('node_modules', name, 'package.json'),
    ({ version }) => version,
  )
  return {
    ...(typeof asked === 'string' ? { asked } : {}),
    ...(typeof installed === 'string' ? { installed } : {}),
  }
}

function askedFor(root: string, name: string): unknown {
  return findUpward(root, 'package.json', (json) => {
    const { dependencies, devDependencies } = json as Record<
      string,
      Record<string, string> | undefined
    >
    return devDependencies?.[name] ?? dependencies?.[name]
  })
}

/**
 * The first value that `read` finds in a JSON file of that name, from `root` upward, because workspaces
 * install at their root.
 */
function findUpward(
  root: string,
  name: string,
  read: (json: Record<string, unknown>) => unknown,
): unknown {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const found = readJson(path.join(folder, name))
    const answer = found && read(found)
    if (answer !== undefined) return answer
    if (folder === path.dirname(folder)) return undefined
  }
}

function readJson(file: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  } catch {
    return undefined
  }
}
