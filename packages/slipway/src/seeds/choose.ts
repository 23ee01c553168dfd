import { advice, command, suggest } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { SeedSet } from './set.ts'

/** The sets that belong to an environment. */
export interface EnvironmentSeeds {
  readonly environment: string
  /** The names in its configuration; absent if the sets list their environments themselves. */
  readonly seeds?: readonly string[] | undefined
}

/** Whether a set belongs to an environment. */
export function belongs({ name, environments }: SeedSet, of: EnvironmentSeeds): boolean {
  return of.seeds ? of.seeds.includes(name) : environments.includes(of.environment)
}

/**
 * The sets to run, each after its dependencies: the named ones, or all that belong to the environment.
 * Fails with SEEDS.SET_UNKNOWN, SEEDS.NOT_HERE, SEEDS.CYCLE and SEEDS.TABLE_OWNED.
 */
export function chooseSets(
  sets: readonly SeedSet[],
  names: readonly string[],
  of: EnvironmentSeeds,
): readonly SeedSet[] {
  for (const name of [...names, ...(of.seeds ?? [])]) known(sets, name)
  for (const set of sets) for (const name of set.dependsOn) known(sets, name, set)
  const wanted = names.length > 0 ? sets.filter(({ name }) => names.includes(name)) : sets
  const here = wanted.filter((set) => belongs(set, of))
  const absent = names.length > 0 ? wanted.find((set) => !belongs(set, of)) : undefined
  if (absent) refuseNotHere(absent, of)
  const ordered = inOrder(sets, here)
  for (const set of ordered) if (!belongs(set, of)) refuseNotHere(set, of)
  refuseShared(ordered)
  return ordered
}

function known(sets: readonly SeedSet[], name: string, by?: SeedSet): void {
  if (sets.some((set) => set.name === name)) return
  const names = sets.map((set) => set.name)
  const near = suggest(name, names)
  raise('SEEDS.SET_UNKNOWN', {
    message: `There is no seed set ${name}${by ? `, on which ${by.name} depends` : ''}.`,
    why: names.length === 0 ? 'prisma/seeds contains none.' : `The sets are ${names.join(', ')}.`,
    nextActions: near === undefined ? [] : [advice(`Did you mean ${near}?`)],
  })
}

function refuseNotHere({ name, environments }: SeedSet, of: EnvironmentSeeds): never {
  const allowed =
    of.seeds === undefined
      ? `It belongs to ${environments.join(', ')}.`
      : of.seeds.length === 0
        ? `seeds of ${of.environment} is 'none'.`
        : `seeds of ${of.environment} names ${of.seeds.join(', ')}.`
  return raise('SEEDS.NOT_HERE', {
    message: `The seed set ${name} does not belong to ${of.environment}.`,
    why: allowed,
    nextActions: [
      advice('Change seeds of the environment in slipway.config.ts, or environments of the set.'),
      command(['seed', 'status'], 'see the sets of this environment'),
    ],
  })
}

/** Depth first, so that each set follows its dependencies; otherwise by name. */
function inOrder(all: readonly SeedSet[], wanted: readonly SeedSet[]): readonly SeedSet[] {
  const done = new Set<SeedSet>()
  const visit = (set: SeedSet, path: readonly SeedSet[]): void => {
    if (done.has(set)) return
    if (path.includes(set)) {
      const circle = [...path.slice(path.indexOf(set)), set].map(({ name }) => name)
      raise('SEEDS.CYCLE', {
        message: `Seed sets depend on each other in a cycle: ${circle.join(' → ')}.`,
        nextActions: [advice('Remove one dependsOn, or merge the sets.')],
        where: { file: set.file },
      })
    }
    for (const name of set.dependsOn) {
      const other = all.find((one) => one.name === name)
      if (other) visit(other, [...path, set])
    }
    done.add(set)
  }
  for (const set of wanted) visit(set, [])
  return [...done]
}

/** Two sets that run together must not write to the same table: neither could tell its own rows. */
function refuseShared(sets: readonly SeedSet[]): void {
  const owners = new Map<string, SeedSet>()
  for (const set of sets) {
    for (const { name } of set.tables) {
      const owner = owners.get(name)
      if (owner !== undefined && owner !== set) {
        raise('SEEDS.TABLE_OWNED', {
          message: `${set.name} and ${owner.name} both write to ${name}.`,
          why: 'A table belongs to one set in an environment, so that each row has one owner.',
          nextActions: [
            advice('Put its rows into one set, or the sets into different environments.'),
          ],
          where: { file: set.file },
        })
      }
      owners.set(name, set)
    }
  }
}
