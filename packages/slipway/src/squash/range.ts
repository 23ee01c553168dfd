import { snakeCase, sortsBefore } from '../create/index.ts'
import { advice, command, suggest } from '../kernel/index.ts'
import type { MigrationFolder, MigrationsLayout } from '../project/index.ts'
import { raise } from './failures.ts'

/**
 * The range and the name of a squash, as the user specifies them. Migrations can be named by the end of
 * their name.
 */
export interface RangeRequest {
  /** All migrations of the project, in their order. */
  readonly migrations: readonly MigrationFolder[]
  /** `folders` if absent. */
  readonly layout?: MigrationsLayout | undefined
  /** The first one if absent. */
  readonly from?: string | undefined
  /** The last one if absent. */
  readonly to?: string | undefined
  /** The part of the squash's name after the time; `squashed` if absent. */
  readonly name?: string | undefined
}

/**
 * The history in three parts, and the folder name of the squash, which sorts in the place of the squashed
 * ones.
 */
export interface Range {
  readonly before: readonly MigrationFolder[]
  readonly squashed: readonly MigrationFolder[]
  readonly after: readonly MigrationFolder[]
  readonly name: string
}

/**
 * Divides the history by the request. Fails with SQUASH.UNKNOWN_MIGRATION, SQUASH.NOTHING or
 * SQUASH.NAME_UNFIT. Pure.
 */
export function rangeOf(request: RangeRequest): Range {
  const { migrations, layout = 'folders', from, to } = request
  const first = from === undefined ? 0 : placeOf(from, migrations)
  const last = to === undefined ? migrations.length - 1 : placeOf(to, migrations)
  const squashed = migrations.slice(first, last + 1)
  if (squashed.length < 2) refuseNothing(request)
  const before = migrations.slice(0, first)
  const after = migrations.slice(last + 1)
  return {
    before,
    squashed,
    after,
    name: nameOf(request.name ?? 'squashed', { before, squashed, after, layout }),
  }
}

function placeOf(name: string, migrations: readonly MigrationFolder[]): number {
  const whole = migrations.filter((one) => one.name === name)
  const found = whole.length > 0 ? whole : migrations.filter((one) => one.name.endsWith(`_${name}`))
  if (found.length === 1 && found[0]) return migrations.indexOf(found[0])
  const meant = suggest(
    name,
    migrations.map((one) => one.name),
  )
  return raise('SQUASH.UNKNOWN_MIGRATION', {
    message:
      found.length > 1
        ? `Several migrations end with ${name}.`
        : `The project has no migration ${name}.`,
    ...(meant === undefined ? {} : { why: `Did you mean ${meant}?` }),
    nextActions: [command(['status'], 'see the migrations')],
  })
}

function refuseNothing({ migrations, from, to }: RangeRequest): never {
  return raise('SQUASH.NOTHING', {
    message: `There is nothing to squash: ${migrations.length < 2 ? 'the project has fewer than two migrations' : 'the range has fewer than two'}.`,
    ...(from === undefined && to === undefined
      ? {}
      : { why: 'The range goes from --from to --to and includes both.' }),
    nextActions: [command(['status'], 'see the migrations')],
  })
}

/** The name of a squash: the time or the number of the last squashed migration, and the given words. */
function nameOf(
  words: string,
  { before, squashed, after, layout }: Omit<Range, 'name'> & { readonly layout: MigrationsLayout },
): string {
  const last = squashed.at(-1)?.name ?? ''
  const [time = ''] = /^\d*/.exec(last) ?? []
  const tail = snakeCase(words)
  const taken = new Set(squashed.map(({ name }) => name))
  const fits = (name: string) =>
    !taken.has(name) &&
    before.every((one) => sortsBefore(one.name, name, layout)) &&
    after.every((one) => sortsBefore(name, one.name, layout))
  const found = [...(time === '' ? [tail] : [`${time}_${tail}`]), `${last}_${tail}`].find(fits)
  return (
    found ??
    raise('SQUASH.NAME_UNFIT', {
      message: `A squash named ${tail} would not sort between the migrations before and after the range.`,
      why: 'Migrations are applied in the order of their names.',
      nextActions: [advice('Give it another name, as the argument of the command.')],
    })
  )
}
