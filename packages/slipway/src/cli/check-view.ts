import type { CheckResult, ResultFinding } from '../app/index.ts'
import { effectText, gradeOf, type Proof } from '../proof/index.ts'
import {
  type Destruction,
  destructionKey,
  destructionText,
  objectName,
  type ObjectRef,
} from '../statements/index.ts'
import { loadBlocks } from './load-view.ts'
import { findingBlocks, MARKS } from './present.ts'
import { type Block, heading, status } from './view.ts'

/** Each migration with its grade, its locks and its findings. `cwd` shortens paths. */
export function checkBlocks(
  { migrations }: CheckResult,
  { findings, cwd }: { readonly findings: readonly ResultFinding[]; readonly cwd: string },
): Block[] {
  const isOf = (file: string) => (finding: ResultFinding) => finding.where?.file === file
  // A migration can fail because of its down migration, or of an earlier migration.
  const others = findings.filter((finding) => !migrations.some(({ path }) => isOf(path)(finding)))
  return [
    ...migrations.flatMap((one) => [
      heading(one.name),
      ...(one.proof ? proofBlocks(one.proof) : []),
      ...(one.load ? loadBlocks(one.load) : []),
      ...findings
        .filter(isOf(one.path))
        .map(({ severity, message, id, where }) =>
          status(MARKS[severity], message, where?.line ? `${id}, line ${where.line}` : id),
        ),
    ]),
    ...others.flatMap((finding) => findingBlocks(finding, cwd)),
  ]
}

/** The grade of a proof, the data that is not restored, and the locks of its migration. */
export function proofBlocks(proof: Proof): Block[] {
  const { shadow, rows, emptyTables, upMs, downMs } = proof
  const product = shadow.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'
  const where = `${product} ${shadow.version.replace(/ \(Debian.*/, '')}, ${rows} rows, up ${upMs} ms, down ${downMs} ms`
  const filled =
    emptyTables.length > 0 && rows > 0
      ? [status('note', `No rows could be generated for ${emptyTables.join(', ')}`)]
      : []
  return [
    status(proof.proven ? 'done' : 'warning', gradeText(proof), where),
    ...dataBlocks(proof),
    ...filled,
    ...lockBlocks(proof),
  ]
}

/** What happens to the data that the migration destroys. */
function dataBlocks({ lost, left, kept }: Proof): Block[] {
  if (kept === undefined) return [...lost.map(lossBlock), ...left.map(leftBlock)]
  const other = new Set([...kept.lost, ...kept.unseen, ...kept.vacant].map(destructionKey))
  const back = lost.filter((loss) => !other.has(destructionKey(loss)))
  const noted = (losses: readonly Destruction[], say: (data: string) => string) =>
    losses.map((loss) => status('note', say(destructionText(loss))))
  return [
    ...noted(back, (data) => `The data of ${data} is kept and restored`),
    ...kept.lost.map(lossBlock),
    ...noted(
      kept.vacant,
      (data) => `No data of ${data} is lost: the migration can run only on an empty table`,
    ),
    ...noted(
      kept.unseen,
      (data) => `The generated rows did not show whether the data of ${data} is restored`,
    ),
    ...kept.notKept.map((why) => status('warning', `Not kept: ${why}`)),
  ]
}

export function lossBlock(loss: Destruction): Block {
  return status(
    'warning',
    `The down migration does not restore the data of ${destructionText(loss)}`,
  )
}

function leftBlock(table: ObjectRef): Block {
  return status(
    'warning',
    `Rows that the migration inserts remain in ${objectName(table)} after the down migration`,
  )
}

function gradeText(proof: Proof): string {
  const how = proof.proven ? 'Up, down and up again' : 'Test run'
  return `${how}: ${gradeOf(proof) ?? 'no grade, the schema is not restored'}`
}

const HEAVY = ['ACCESS EXCLUSIVE', 'EXCLUSIVE', 'SHARE ROW EXCLUSIVE', 'SHARE']

/** Table locks that block writes, the heaviest for each statement and table, and the effects on rows. */
function lockBlocks({ locks, rewrites, scans, effects, unseen }: Proof): Block[] {
  const heavy = locks
    .filter(({ kind, mode }) => kind !== 'index' && HEAVY.includes(mode))
    .toSorted((a, b) => HEAVY.indexOf(a.mode) - HEAVY.indexOf(b.mode))
  const changed = effects.map(({ statement, relation }) => ({
    statement,
    relation,
    until: statement,
  }))
  const taken = new Map(
    [...changed, ...heavy].map((one) => [`${one.statement} ${one.relation}`, one]),
  )
  const inOrder = [...taken.values()].toSorted((a, b) => a.statement - b.statement)
  const rows = inOrder.map(({ statement, relation, until }) => {
    const mode =
      heavy.find(
        (lock) =>
          lock.relation === relation && lock.statement <= statement && lock.until >= statement,
      )?.mode ?? (locks.some((lock) => lock.relation === relation) ? 'ROW EXCLUSIVE' : '')
    const of = (one: { statement: number; relation: string }) =>
      one.statement === statement && one.relation === relation
    const work = [
      ...(rewrites.some(of) ? ['rewritten'] : []),
      ...(scans.some(of) ? ['read'] : []),
      ...effects.filter(of).map(effectText),
    ]
    const held = until > statement ? `until statement ${until}` : ''
    return [String(statement), mode, relation, work.join(', '), held]
  })
  const columns = [
    { title: 'statement', align: 'right' as const },
    { title: 'lock' },
    { title: 'on' },
    { title: 'effect' },
    { title: 'held' },
  ]
  return [
    ...(rows.length > 0 ? [{ kind: 'table' as const, columns, rows }] : []),
    ...(unseen.length > 0
      ? [
          status(
            'note',
            `The locks of statement ${unseen.join(', ')} were not read: it runs outside a transaction`,
          ),
        ]
      : []),
  ]
}
