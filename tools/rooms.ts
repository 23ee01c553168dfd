import path from 'node:path'

const base = ['kernel', 'database', 'catalog', 'project', 'migration', 'engine', 'history']
const planned = [...base, 'rehearsal', 'hazards', 'plan']
const deployed = [...planned, 'create', 'safekeeping', 'backup', 'deploy']

/**
 * What each room of packages/slipway/src may import; `(types)` where it is only types. The rooms
 * stand in the order in which data flows, and `cli` is its end: nothing imports it.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  database: ['kernel'],
  catalog: ['kernel', 'database'],
  project: ['kernel', 'database'],
  migration: ['kernel'],
  engine: ['kernel', 'database', 'project (types)'],
  history: ['kernel', 'database', 'migration'],
  rehearsal: ['kernel', 'database', 'catalog', 'engine', 'migration'],
  safekeeping: ['kernel', 'database', 'migration'],
  create: [...base, 'rehearsal', 'safekeeping'],
  squash: [...base, 'rehearsal', 'create'],
  hazards: ['kernel', 'migration', 'rehearsal (types)'],
  plan: [...base, 'rehearsal', 'hazards'],
  backup: ['kernel', 'database', 'project'],
  deploy: [...planned, 'safekeeping', 'backup'],
  rollback: deployed,
  drift: deployed,
  repair: deployed,
  seeds: ['kernel', 'project', 'database'],
  testing: ['kernel', 'database', 'project', 'history', 'rehearsal', 'deploy', 'seeds'],
  check: [...deployed],
  doctor: ['kernel', 'project', 'database', 'history'],
  cli: [
    ...deployed,
    'rollback',
    'drift',
    'repair',
    'seeds',
    'doctor',
    'check',
    'squash',
    'testing',
  ],
}

/** Packages that one room alone knows, so that it can be changed for another in one place. */
const owners: Readonly<Record<string, string>> = {
  pg: 'database',
  '@electric-sql/pglite': 'database',
  '@supabase/pg-delta': 'catalog',
  'libpg-query': 'migration',
  '@prisma/schema-engine-wasm': 'engine',
}

const SOURCE = 'packages/slipway/src/'

/** One import as it stands in a file. */
export interface Import {
  /** The importing file, relative to the repository, with `/`. */
  readonly file: string
  readonly specifier: string
  /** Whether the import is gone at run time. */
  readonly typeOnly: boolean
}

/** Why an import breaks the table; nothing where it keeps it. Tests may import what they need. */
export function whyForbidden({ file, specifier, typeOnly }: Import): string | undefined {
  if (!file.startsWith(SOURCE) || file.endsWith('.test.ts')) return undefined
  const from = roomOf(file)
  if (from !== undefined && rooms[from] === undefined) {
    return `The room \`${from}\` is not in the table of tools/rooms.ts.`
  }
  return specifier.startsWith('.')
    ? whyFileForbidden(from, path.posix.join(path.posix.dirname(file), specifier), typeOnly)
    : whyPackageForbidden(from, specifier)
}

function whyFileForbidden(
  from: string | undefined,
  target: string,
  typeOnly: boolean,
): string | undefined {
  if (!target.startsWith(SOURCE)) return `${target} is not part of what is published.`
  const to = roomOf(target)
  if (to === from) return undefined
  if (to === undefined) return `${target} stands above the rooms.`
  if (target !== `${SOURCE}${to}/index.ts`) return `The room \`${to}\` is entered by its index.ts.`
  if (from === undefined) return undefined
  if (rooms[from]?.includes(to)) return undefined
  const typesAllowed = rooms[from]?.includes(`${to} (types)`) === true
  if (typesAllowed && typeOnly) return undefined
  return `The room \`${from}\` may import ${typesAllowed ? 'only types of' : 'nothing of'} \`${to}\`.`
}

function whyPackageForbidden(from: string | undefined, specifier: string): string | undefined {
  const name = Object.keys(owners).find(
    (one) => specifier === one || specifier.startsWith(`${one}/`),
  )
  const owner = name === undefined ? undefined : owners[name]
  if (owner === undefined || owner === from) return undefined
  return `Only the room \`${owner}\` may import ${name}.`
}

/** The room that a source file is in; nothing for the files above the rooms. */
function roomOf(file: string): string | undefined {
  const [room, ...rest] = file.slice(SOURCE.length).split('/')
  return rest.length === 0 ? undefined : room
}
