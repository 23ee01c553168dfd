import path from 'node:path'

const base = ['kernel', 'database', 'schema', 'project', 'statements', 'engine', 'history']
const run = [...base, 'execution', 'shadow']
const planned = [...run, 'hazards', 'plan']
const deployed = [...planned, 'down', 'proof', 'create', 'safekeeping', 'backup', 'deploy']

/**
 * The modules that each module of packages/slipway/src may import; `(types)` means only types. The
 * modules are listed in the order of the data flow; `cli` is last, and nothing imports it.
 */
export const modules: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  database: ['kernel'],
  statements: ['kernel', 'database (types)'],
  schema: ['kernel', 'database', 'statements'],
  project: ['kernel', 'database'],
  engine: ['kernel', 'database', 'statements', 'project (types)'],
  history: ['kernel', 'database', 'statements'],
  execution: ['kernel', 'database', 'statements', 'history'],
  shadow: ['kernel', 'database', 'schema', 'engine', 'statements', 'execution'],
  safekeeping: ['kernel', 'database', 'schema', 'statements', 'history', 'execution'],
  down: [...run],
  proof: [...run, 'down', 'safekeeping'],
  create: [...run, 'down', 'proof', 'safekeeping'],
  squash: [...run, 'down', 'proof', 'create', 'safekeeping'],
  hazards: ['kernel', 'database (types)', 'statements', 'schema', 'proof (types)'],
  plan: [...run, 'hazards'],
  backup: ['kernel', 'database', 'schema', 'history', 'project (types)'],
  deploy: [...planned, 'safekeeping', 'backup'],
  rollback: deployed,
  drift: deployed,
  repair: [...deployed, 'rollback'],
  seeds: ['kernel', 'project', 'database', 'statements', 'schema', 'history', 'execution'],
  testing: ['kernel', 'database', 'statements', 'project', 'shadow', 'seeds', 'app'],
  check: [...deployed],
  doctor: ['kernel', 'project', 'database', 'history'],
  inspect: [...run, 'plan'],
  app: [
    ...deployed,
    'rollback',
    'drift',
    'repair',
    'seeds',
    'doctor',
    'inspect',
    'check',
    'squash',
  ],
  cli: [
    'kernel',
    'app',
    'testing',
    'engine',
    'repair',
    'proof',
    'schema',
    'statements',
    'check (types)',
    'deploy (types)',
    'execution (types)',
    'plan (types)',
    'rollback',
    'seeds (types)',
  ],
}

/** Packages that only one module may import, so that each can be replaced in one place. */
const owners: Readonly<Record<string, string>> = {
  '@cfworker/json-schema': 'kernel',
  'age-encryption': 'backup',
  croner: 'backup',
  '@aws-sdk/client-s3': 'backup',
  '@aws-sdk/lib-storage': 'backup',
  pg: 'database',
  '@electric-sql/pglite': 'database',
  'node:sqlite': 'database',
  '@supabase/pg-delta': 'schema',
  'libpg-query': 'statements',
  'sqlite3-parser': 'statements',
  'jsonc-parser': 'project',
  'smol-toml': 'project',
  '@prisma/schema-engine-wasm': 'engine',
}

const SOURCE = 'packages/slipway/src/'

/** An import in a file. */
export interface Import {
  /** The importing file, relative to the repository, with `/`. */
  readonly file: string
  readonly specifier: string
  /** Whether the import is erased at run time. */
  readonly typeOnly: boolean
}

/** Why an import violates the table; undefined if it is allowed. Tests may import what they need. */
export function whyForbidden({ file, specifier, typeOnly }: Import): string | undefined {
  if (!file.startsWith(SOURCE) || file.endsWith('.test.ts')) return undefined
  const from = moduleOf(file)
  if (from !== undefined && modules[from] === undefined) {
    return `The module \`${from}\` is not in the table of tools/modules.ts.`
  }
  if (!specifier.startsWith('.')) return whyPackageForbidden(from, specifier)
  const target = path.posix.join(path.posix.dirname(file), specifier)
  return whyFileForbidden(from, target, typeOnly) ?? whyDialectForbidden(file, target)
}

function whyFileForbidden(
  from: string | undefined,
  target: string,
  typeOnly: boolean,
): string | undefined {
  if (!target.startsWith(SOURCE)) return `${target} is not part of the published package.`
  const to = moduleOf(target)
  if (to === from) return undefined
  if (to === undefined) return `${target} is above the modules.`
  if (target !== `${SOURCE}${to}/index.ts`)
    return `The module \`${to}\` may be imported only through its index.ts.`
  if (from === undefined) return undefined
  if (modules[from]?.includes(to)) return undefined
  const typesAllowed = modules[from]?.includes(`${to} (types)`) === true
  if (typesAllowed && typeOnly) return undefined
  return `The module \`${from}\` may import ${typesAllowed ? 'only types of' : 'nothing of'} \`${to}\`.`
}

/**
 * The dialects that have their own folders in modules. PostgreSQL was first, and much shared code still
 * depends on it.
 */
const dialects = ['postgres', 'sqlite']

/**
 * Why an import between dialects is forbidden: code for one dialect may not import another's, and only a
 * module's own table may import code for a dialect other than the first.
 */
function whyDialectForbidden(file: string, target: string): string | undefined {
  const [from, to] = [dialectOf(file), dialectOf(target)]
  if (to === undefined || from === to) return undefined
  if (from !== undefined) return `Code for \`${from}\` may not import code for \`${to}\`.`
  const isTable = ['index.ts', 'dialects.ts'].includes(path.posix.basename(file))
  if (isTable || to === dialects[0]) return undefined
  return `Code for \`${to}\` is chosen in dialects.ts or index.ts of its module.`
}

function dialectOf(file: string): string | undefined {
  const [, folder = ''] = file.slice(SOURCE.length).split('/')
  return dialects.find((name) => name === folder)
}

function whyPackageForbidden(from: string | undefined, specifier: string): string | undefined {
  const name = Object.keys(owners).find(
    (one) => specifier === one || specifier.startsWith(`${one}/`),
  )
  const owner = name === undefined ? undefined : owners[name]
  if (owner === undefined || owner === from) return undefined
  return `Only the module \`${owner}\` may import ${name}.`
}

/** The module of a source file; undefined for files above the modules. */
function moduleOf(file: string): string | undefined {
  const [module, ...rest] = file.slice(SOURCE.length).split('/')
  return rest.length === 0 ? undefined : module
}
