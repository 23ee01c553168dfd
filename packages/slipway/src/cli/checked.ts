import type { CheckedMigration, StoredProof } from '../check/index.ts'
import { gradeOf, type Proof } from '../proof/index.ts'
import {
  type Destruction,
  destructionKey,
  destructionText,
  objectName,
  type ObjectRef,
} from '../statements/index.ts'
import type { Finding } from './command.ts'
import { hazardFinding } from './hazard-findings.ts'
import { loadBlocks, loadFindings, loadResult } from './load-view.ts'
import { type Block, heading, type Mark, status } from './view.ts'

/** The `migrations` of the result. */
export function checkedResult(checked: readonly CheckedMigration[]) {
  return {
    migrations: checked.map(({ name, proof, refusal, stored, hazards, load, loadRefusal }) => ({
      name,
      proof: proof ?? null,
      refusal: refusal ? { code: refusal.code, message: refusal.message } : null,
      stored,
      hazards,
      ...(load || loadRefusal ? { load: load ? loadResult(load) : null } : {}),
    })),
  }
}

/** What the checks complain of. */
export function checkedFindings(
  checked: readonly CheckedMigration[],
  { saved }: { readonly saved: boolean },
): Finding[] {
  return checked.flatMap((one) => [
    ...proofFindings(one),
    ...one.hazards.map(hazardFinding),
    ...loadFindings(one),
    ...(saved ? [] : storedFindings(one)),
  ])
}

function proofFindings({ path, proof, refusal }: CheckedMigration): Finding[] {
  if (refusal) {
    const where = refusal.where ?? { file: path }
    const message = [refusal.message, refusal.why].filter(Boolean).join(' ')
    return [{ id: 'migration-fails', severity: 'error', message, where }]
  }
  if (proof === undefined) return []
  const severity = proof.schemaEqual ? 'warning' : 'error'
  const told = (id: string, as: Finding['severity'], messages: readonly string[]): Finding[] =>
    messages.map((message) => ({ id, severity: as, message, where: { file: path } }))
  return [
    ...told('not-proven', severity, proof.reasons),
    ...told('proven-on-some-rows', 'notice', proof.conditions),
  ]
}

const STORED: Readonly<Record<StoredProof, string | undefined>> = {
  none: undefined,
  same: undefined,
  unchecked: undefined,
  'other-files': 'proof.json is of other files: check the migration again with --save.',
  differs: 'proof.json claims something else than the testRun shows.',
  unreadable: 'proof.json cannot be read.',
}

function storedFindings({ path, stored }: CheckedMigration): Finding[] {
  const message = STORED[stored]
  if (message === undefined) return []
  return [{ id: 'stored-proof', severity: 'error', message, where: { file: path } }]
}

/** Each migration with its grade, what it locked, and what is to be said of it. */
export function checkedBlocks(
  checked: readonly CheckedMigration[],
  findings: readonly Finding[],
): Block[] {
  return checked.flatMap((one) => [
    heading(one.name),
    ...(one.proof ? proofBlocks(one.proof) : []),
    ...(one.load ? loadBlocks(one.load) : []),
    ...findings
      .filter(({ where }) => where?.file === one.path)
      .map(({ severity, message, id, where }) =>
        status(MARKS[severity], message, where?.line ? `${id}, line ${where.line}` : id),
      ),
  ])
}

const MARKS: Readonly<Record<Finding['severity'], Mark>> = {
  error: 'failed',
  warning: 'warning',
  notice: 'note',
}

/** The grade of a proof, what it cannot bring back, and the locks that its migration took. */
export function proofBlocks(proof: Proof): Block[] {
  const { shadow, rows, emptyTables, upMs, downMs } = proof
  const where = `PostgreSQL ${shadow.version.replace(/ \(Debian.*/, '')}, ${rows} rows, up ${upMs} ms, down ${downMs} ms`
  const filled =
    emptyTables.length > 0 && rows > 0
      ? [status('note', `No rows could be made up for ${emptyTables.join(', ')}`)]
      : []
  return [
    status(proof.proven ? 'done' : 'warning', gradeText(proof), where),
    ...dataBlocks(proof),
    ...filled,
    ...lockBlocks(proof),
  ]
}

/** What becomes of the data that the migration destroys. */
function dataBlocks({ lost, left, kept }: Proof): Block[] {
  if (kept === undefined) return [...lost.map(lossBlock), ...left.map(leftBlock)]
  const other = new Set([...kept.lost, ...kept.unseen, ...kept.vacant].map(destructionKey))
  const back = lost.filter((loss) => !other.has(destructionKey(loss)))
  const noted = (losses: readonly Destruction[], say: (data: string) => string) =>
    losses.map((loss) => status('note', say(destructionText(loss))))
  return [
    ...noted(back, (data) => `The data of ${data} is kept, and put back`),
    ...kept.lost.map(lossBlock),
    ...noted(
      kept.vacant,
      (data) => `Nothing of ${data} is lost: it runs only where the table is empty`,
    ),
    ...noted(
      kept.unseen,
      (data) => `Whether the data of ${data} comes back was not seen on rows that were made up`,
    ),
    ...kept.notKept.map((why) => status('warning', `Not kept: ${why}`)),
  ]
}

export function lossBlock(loss: Destruction): Block {
  return status('warning', `The down migration cannot bring the data of ${destructionText(loss)}`)
}

function leftBlock(table: ObjectRef): Block {
  return status(
    'warning',
    `Rows that it writes stay in ${objectName(table)} after the down migration`,
  )
}

function gradeText(proof: Proof): string {
  const how = proof.proven ? 'Up, down and up again' : 'TestRunResult'
  return `${how}: ${gradeOf(proof) ?? 'no grade, the schema does not come back'}`
}

const HEAVY = ['ACCESS EXCLUSIVE', 'EXCLUSIVE', 'SHARE ROW EXCLUSIVE', 'SHARE']

/** Locks on tables that stop writes, the heaviest that holds with each statement and table; what was rewritten and read. */
function lockBlocks({ locks, rewrites, scans, unseen }: Proof): Block[] {
  const heavy = locks
    .filter(({ kind, mode }) => kind !== 'index' && HEAVY.includes(mode))
    .toSorted((a, b) => HEAVY.indexOf(a.mode) - HEAVY.indexOf(b.mode))
  const taken = new Map(heavy.map((lock) => [`${lock.statement} ${lock.relation}`, lock]))
  const inOrder = [...taken.values()].toSorted((a, b) => a.statement - b.statement)
  const rows = inOrder.map(({ statement, relation, until }) => {
    const mode =
      heavy.find(
        (lock) =>
          lock.relation === relation && lock.statement <= statement && lock.until >= statement,
      )?.mode ?? ''
    const of = (one: { statement: number; relation: string }) =>
      one.statement === statement && one.relation === relation
    const work = [...(rewrites.some(of) ? ['rewritten'] : []), ...(scans.some(of) ? ['read'] : [])]
    const held = until > statement ? `until statement ${until}` : ''
    return [String(statement), mode, relation, work.join(', '), held]
  })
  const columns = [
    { title: 'statement', align: 'right' as const },
    { title: 'lock' },
    { title: 'on' },
    { title: 'which is' },
    { title: 'held' },
  ]
  return [
    ...(rows.length > 0 ? [{ kind: 'table' as const, columns, rows }] : []),
    ...(unseen.length > 0
      ? [
          status(
            'note',
            `Runs outside a transaction, so that its locks are not seen: statement ${unseen.join(', ')}`,
          ),
        ]
      : []),
  ]
}
