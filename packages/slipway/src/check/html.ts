import type { Hazard } from '../hazards/index.ts'
import { effectText, gradeOf, type Proof } from '../proof/index.ts'
import {
  type Destruction,
  destructionText,
  objectKey,
  objectName,
  objectOfKey,
  type ObjectRef,
  objectText,
  ownerOf,
} from '../statements/index.ts'
import type { CheckedMigration } from './check.ts'
import { drawLoad } from './load-chart.ts'
import { drawLocks, escape } from './lock-timeline.ts'
import { STYLE } from './style.ts'

/** A checked migration with its text, because the report is read without the repository. */
export interface ReportedMigration extends CheckedMigration {
  readonly sql: string
}

/** The subject and the time of a report. */
export interface ReportHead {
  /** The name of the project. */
  readonly project: string
  /** When it was made: milliseconds since 1970. */
  readonly at: number
}

/** The report as one HTML file without scripts and external resources. The same input gives the same text. */
export function htmlReport(
  { project, at }: ReportHead,
  migrations: readonly ReportedMigration[],
): string {
  const title = `Migrations of ${project}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p class="summary">${summary(migrations)} <small>Checked by Slipway on ${when(at)}.</small></p>
${overview(migrations)}
${migrations.map(section).join('\n')}
</main>
</body>
</html>
`
}

function when(at: number): string {
  const moment = new Date(at).toISOString()
  return `<time datetime="${moment}">${moment.slice(0, 10)} ${moment.slice(11, 16)} UTC</time>`
}

/** The summary in one line: the number of migrations, of proven down migrations, and of hazards. */
function summary(migrations: readonly ReportedMigration[]): string {
  const proven = migrations.filter(({ proof }) => proof?.proven).length
  const untested = migrations.filter(({ proof }) => proof === undefined).length
  const hazards = migrations.flatMap((one) => one.hazards)
  const errors = hazards.filter(({ severity }) => severity === 'error').length
  const parts = [
    `${count(migrations.length, 'migration')}: ${proven} with a proven down migration`,
    ...(untested > 0 ? [`${untested} not tested`] : []),
    hazards.length === 0
      ? 'no hazards'
      : `${count(hazards.length, 'hazard')}, ${errors} of severity error`,
  ]
  return `${escape(parts.join('; '))}.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function overview(migrations: readonly ReportedMigration[]): string {
  const rows = migrations.map(
    ({ name, proof, refusal, hazards }) =>
      `<tr><td><a href="#${escape(name)}">${escape(name)}</a></td>` +
      `<td>${badge(proof)}${refusal ? '<span class="error">failed</span>' : ''}</td>` +
      `<td class="number">${hazards.length}</td></tr>`,
  )
  return `<table><thead><tr><th>Migration</th><th>Down migration</th><th class="number">Hazards</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function section({ name, proof, refusal, load, hazards, sql }: ReportedMigration): string {
  return `<section id="${escape(name)}">
<h2>${escape(name)} ${badge(proof)}</h2>
${refusal ? `<p class="error">${escape([refusal.message, refusal.why].filter(Boolean).join(' '))}</p>` : ''}
${proof ? proofPart(proof) : ''}
${load ? drawLoad(load) : ''}
${hazards.length > 0 ? `<h3>Hazards</h3><ul class="hazards">${hazards.map((one) => hazardItem(name, one)).join('')}</ul>` : ''}
<h3>SQL</h3>
${numbered(name, sql.trimEnd())}
</section>`
}

/** The SQL with line numbers, and with a link target for each line. */
function numbered(name: string, sql: string): string {
  const lines = sql
    .split(/\r?\n/)
    .map((line, index) => `<span id="${lineId(name, index + 1)}">${escape(line) || ' '}</span>`)
  return `<pre class="lines">${lines.join('')}</pre>`
}

function lineId(name: string, line: number): string {
  return `${escape(name)}-line-${line}`
}

function badge(proof: Proof | undefined): string {
  if (proof === undefined) return ''
  const grade = gradeOf(proof) ?? 'not restored'
  const look = proof.proven ? grade.replace(' (kept)', '').replace(' ', '-') : 'unproven'
  return `<span class="badge ${escape(look)}">${escape(grade)}</span>`
}

function proofPart(proof: Proof): string {
  const { shadow, rows, upMs, downMs, reasons, conditions, lost, left, kept, changes, effects } =
    proof
  const gone = kept?.lost ?? lost
  const { unseen = [], vacant = [] } = kept ?? {}
  const product = shadow.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'
  const facts = `Run up, down and up again on ${product} ${shadow.version}, on ${rows} generated rows: up ${upMs} ms, down ${downMs} ms.`
  const list = (title: string, items: readonly string[]) =>
    items.length === 0
      ? ''
      : `<h3>${title}</h3><ul>${items.map((item) => `<li>${escape(item)}</li>`).join('')}</ul>`
  return `<p>${escape(facts)}</p>
${list('Not proven', reasons)}
${list('Proven, under these conditions', conditions)}
${list(
  'Kept by the deploy, and restored by a rollback',
  texts(lost).filter((text) => !texts([...gone, ...unseen, ...vacant]).includes(text)),
)}
${list('What the down migration cannot restore', texts(gone))}
${list('Nothing to lose, because it runs only on an empty table', texts(vacant))}
${list('Not tested, because the table had no rows', texts(unseen))}
${list('Rows that it inserts remain in', left.map(objectName))}
${list('Not kept', kept?.notKept ?? [])}
${list('Effects on the generated rows', effects.map(effectLine))}
${changes.length > 0 ? `<h3>Changes</h3><div class="tables">${changedObjects(changes)}</div>` : ''}
${drawLocks(proof)}`
}

function effectLine(effect: Proof['effects'][number]): string {
  return `statement ${effect.statement}: ${effect.relation}: ${effectText(effect)}`
}

function texts(losses: readonly Destruction[]): string[] {
  return losses.map(destructionText)
}

const SIGNS = { added: '+', removed: '−', changed: '~' } as const

/** Each changed object as a box with the changes of its parts, tables first. */
function changedObjects(changes: Proof['changes']): string {
  const boxes = new Map<string, Proof['changes'][number][]>()
  for (const change of changes) {
    const owner = objectKey(ownerOf(change.object))
    boxes.set(owner, [...(boxes.get(owner) ?? []), change])
  }
  const isTable = (owner: string) => objectOfKey(owner).kind === 'table'
  const tablesFirst = [...boxes].toSorted(([a], [b]) => Number(isTable(b)) - Number(isTable(a)))
  return tablesFirst
    .map(([owner, parts]) => {
      const whole = parts.find(({ object }) => objectKey(object) === owner)
      const rest = parts.filter((part) => part !== whole)
      const name = objectText(objectOfKey(owner))
      const head = `<h4 class="${whole?.change ?? ''}">${whole ? `${SIGNS[whole.change]} ` : ''}${escape(name)}</h4>`
      const lines = rest.map(
        ({ change, object, attributes }) =>
          `<li class="${change}">${SIGNS[change]} ${escape(partName(object))}` +
          `${attributes.length > 0 ? ` <small>${escape(attributes.join(', '))}</small>` : ''}</li>`,
      )
      return `<div class="table">${head}${lines.length > 0 ? `<ul>${lines.join('')}</ul>` : ''}</div>`
    })
    .join('')
}

function partName(object: ObjectRef): string {
  if ('on' in object) return `${object.kind} on ${partName(object.on)}`
  return 'table' in object ? `${object.kind} ${object.name}` : objectText(object)
}

function hazardItem(
  name: string,
  { id, severity, message, lock, blocks, line, safeSql }: Hazard,
): string {
  const held = lock === undefined ? '' : ` <small>${escape(`${lock}: blocks ${blocks}`)}</small>`
  const safe = safeSql === undefined ? '' : `<pre>${escape(safeSql)}</pre>`
  return `<li class="${severity}"><strong>${escape(id)}</strong> <small><a href="#${lineId(name, line)}">line ${line}</a></small>${held}<br>${escape(message)}${safe}</li>`
}
