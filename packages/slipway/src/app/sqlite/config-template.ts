/** The Workers that were found for a project. */
interface KnownWorkers {
  /** The bindings of the databases of the project's Worker. */
  readonly bindings: readonly string[]
  /** wrangler configurations in other folders, if the project has none of its own. */
  readonly workers: readonly string[]
  readonly wranglerEnvironments: readonly string[]
}

const END = `  // Where backups are stored (default: the folder prisma/backups), who can decrypt them, and how long they are kept.
  // \`backup\` of an environment sets when a deploy makes one.
  // backup: { encryption: { recipients: ['age1…'] }, keep: { last: 5, days: 7, weeks: 4, months: 12 } },
`

/** A slipway.config.ts for a database on Cloudflare D1. It sets only what no other file specifies. */
export function d1Template(environments: readonly string[], known: KnownWorkers): string {
  return `import { defineConfig } from 'slipway'

// Slipway finds the schema as Prisma does, and the D1 database in wrangler's configuration: name, id, account and
// migrations folder stay there. Commands use the local database; \`--remote\`, and every environment except development
// and testing, mean the one on Cloudflare: set CLOUDFLARE_API_TOKEN. An unknown key is an error.
export default defineConfig({
${d1Setting(known)}
${END}
  environments: {
${environments.map((name) => environment(name, d1Environment(name, known))).join('\n\n')}
  },
})
`
}

/** A slipway.config.ts for SQLite files, which explains every setting and sets none. */
export function fileTemplate(environments: readonly string[]): string {
  return `import { defineConfig } from 'slipway'

// Slipway finds the schema, the migrations and the SQLite file as Prisma does, without this file. This file adds
// environments: named targets, each with its policy. Choose one with \`slipway deploy --env production\`. An unknown
// key is an error, because it would have no effect.
export default defineConfig({
${END}
  environments: {
${environments.map((name) => environment(name, fileEnvironment(name))).join('\n\n')}
  },
})
`
}

function d1Setting({ bindings, workers }: KnownWorkers): string {
  const [worker] = workers
  const [binding = 'DB'] = bindings
  const lines = [
    '  // The Worker that owns this D1 database (default: the nearest wrangler configuration in this or a parent folder),',
    '  // and the binding if it has several. persistTo is the folder passed to wrangler with --persist-to.',
  ]
  if (workers.length === 1 && worker !== undefined) {
    return [...lines, `  d1: { wrangler: '${worker}' },`, ''].join('\n')
  }
  const named = worker === undefined ? '' : `wrangler: '${worker}', `
  const others = workers.slice(1).map((file) => `  // Another Worker: ${file}`)
  const several = bindings.length > 1 ? [`  // Its bindings: ${bindings.join(', ')}`] : []
  return [...lines, ...others, ...several, `  // d1: { ${named}binding: '${binding}' },`, ''].join(
    '\n',
  )
}

function environment(name: string, lines: readonly string[]): string {
  const key = /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`
  if (lines.length === 0) return `    ${key}: {},`
  return [`    ${key}: {`, ...lines.map((line) => `      ${line}`), '    },'].join('\n')
}

function d1Environment(name: string, { wranglerEnvironments }: KnownWorkers): string[] {
  if (isUnprotected(name)) return []
  const topLevel = name === 'production' && !wranglerEnvironments.includes(name)
  const where = topLevel ? 'the top level' : `env.${name}`
  return [
    `// Uses the database of ${where} in wrangler's configuration. To use a different one:`,
    `// d1: { environment: '${name}', binding: 'DB' },`,
    ...policy(name),
  ]
}

function fileEnvironment(name: string): string[] {
  if (isUnprotected(name)) return []
  const variable = `${name.toUpperCase().replaceAll(/\W/g, '_')}_DATABASE_URL`
  return [
    '// env:NAME reads a variable from the shell or a .env file: file: and a path.',
    `// url: 'env:${variable}',`,
    ...policy(name),
  ]
}

function isUnprotected(name: string): boolean {
  return name === 'development' || name === 'testing'
}

function policy(name: string): string[] {
  if (name !== 'production') return []
  return [
    '// Ask for --confirm <database> before every change, even if it destroys nothing.',
    '// confirm: true,',
    "// Make a backup before each deploy; 'verified-before-deploy' also verifies it with a test restore.",
    "// backup: 'before-deploy',",
    '// How long to keep the data that a deploy destroys, before slipway kept prune drops it.',
    "// keep: '7d',",
    '// Maximum duration of the whole command.',
    "// deploy: { deadline: '30min' },",
  ]
}
