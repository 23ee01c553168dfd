import type { Session } from '../../database/index.ts'
import type { HealthFinding, Probe, CheckReading } from '../finding.ts'
import { countText, namesOf, percentText } from './names.ts'

interface SequenceUse extends Readonly<Record<string, unknown>> {
  readonly schema: string
  readonly name: string
  /** The column that it fills: `Order.id`; null if it fills none. */
  readonly column: string | null
  readonly columnType: string | null
  readonly last: number | null
  readonly limit: number
  /**
   * The used part of the values that the sequence and its column allow, from 0
   * to 1; null if it cannot be read.
   */
  readonly used: number | null
  readonly readable: boolean
  /** Whether the column's type ends before the sequence does. */
  readonly columnEndsFirst: boolean
}

/** Finds sequences near their end, or near the end of the type of the column that they fill. */
export async function checkSequences({
  session,
  schemas,
  thresholds,
}: Probe): Promise<CheckReading> {
  const all = await session.query<SequenceUse>(SEQUENCES, [schemas])
  const names = namesOf(session)
  const hidden = all.filter(({ readable }) => !readable).map((one) => names.text(one))
  const figures = all
    .filter(({ used }) => used !== null && used >= 0.01)
    .map((one) => ({
      name: 'sequence_used_ratio',
      help: 'Part of its values that a sequence has used, if at least 1 %.',
      type: 'gauge' as const,
      value: one.used ?? 0,
      labels: { sequence: names.text(one) },
    }))
  const findings = all
    .filter(({ used }) => used !== null && used >= thresholds.sequenceWarning)
    .toSorted((a, b) => (b.used ?? 0) - (a.used ?? 0))
    .map((one) => sequenceFinding(session, one, (one.used ?? 0) >= thresholds.sequenceError))
  if (hidden.length === 0) return { findings, figures }
  const more = hidden.length > 3 ? ` and ${hidden.length - 3} more` : ''
  const reason = `not readable: needs SELECT on ${hidden.slice(0, 3).join(', ')}${more}`
  return {
    findings,
    figures,
    unread: { extent: hidden.length === all.length ? 'all' : 'part', reason },
  }
}

function sequenceFinding(session: Session, one: SequenceUse, urgent: boolean): HealthFinding {
  const names = namesOf(session)
  const { column, columnType, last, limit, used, columnEndsFirst } = one
  const end = columnEndsFirst ? `the type ${columnType} of ${column} can hold` : 'it can generate'
  return {
    id: 'sequence-near-end',
    severity: urgent ? 'error' : 'warning',
    object: names.ref('sequence', one),
    message: `The sequence ${names.text(one)} has used ${percentText(used ?? 0)} of the values that ${end}: after ${countText(limit, 'value')} each INSERT fails.`,
    evidence: { last, limit, ratio: used, column, columnType },
    fix:
      column === null
        ? 'Raise its MAXVALUE, or use a sequence AS bigint.'
        : `Change ${column}, and the columns that refer to it, to BigInt in a migration. The plan of its deploy shows how long the rewrite locks the table.`,
    sql: null,
  }
}

/**
 * Checks how near each database of the server is to transaction ID wraparound, where
 * the server refuses all writes.
 */
export async function checkWraparound({ session, thresholds }: Probe): Promise<CheckReading> {
  const rows = await session.query<{ database: string; transactions: number; multixacts: number }>(`
    SELECT datname AS database, age(datfrozenxid)::float8 AS transactions, mxid_age(datminmxid)::float8 AS multixacts
    FROM pg_database ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC, datname`)
  const figures = rows.flatMap(({ database, transactions, multixacts }) => [
    {
      name: 'transaction_id_age',
      help: 'Age of the oldest transaction ID of a database.',
      type: 'gauge' as const,
      value: transactions,
      labels: { database },
    },
    {
      name: 'multixact_id_age',
      help: 'Age of the oldest multixact ID of a database.',
      type: 'gauge' as const,
      value: multixacts,
      labels: { database },
    },
  ])
  const findings = rows
    .filter(
      ({ transactions, multixacts }) =>
        Math.max(transactions, multixacts) >= thresholds.wraparoundWarning,
    )
    .map(({ database, transactions, multixacts }): HealthFinding => {
      const age = Math.max(transactions, multixacts)
      return {
        id: 'wraparound-near',
        severity: age >= thresholds.wraparoundError ? 'error' : 'warning',
        object: { kind: 'database', name: database },
        message: `The oldest ${transactions >= multixacts ? 'transaction' : 'multixact'} ID of the database ${database} is ${age.toLocaleString('en-US')} ${transactions >= multixacts ? 'transactions' : 'multixacts'} old: near 2,147,000,000 the server refuses all writes.`,
        evidence: { transactionAge: transactions, multixactAge: multixacts, ratio: age / 2 ** 31 },
        fix: 'End whatever keeps VACUUM from freezing rows: long and prepared transactions, unused replication slots. Then freeze the database, connected to it.',
        sql: 'VACUUM (FREEZE);',
      }
    })
  return { findings, figures }
}

/** The largest value of a column's type. */
const TYPE_LIMIT = `CASE format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL)
  WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647 WHEN 'bigint' THEN 9223372036854775807 END`

/** A sequence fills a column that owns it or whose default uses it. A sequence with CYCLE has no end. */
const SEQUENCES = `
WITH used_by AS (
  SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  UNION
  SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
), columns AS (
  SELECT DISTINCT ON (u.sequence) u.sequence, r.relname || '.' || a.attname AS name, format_type(a.atttypid, NULL) AS type,
    ${TYPE_LIMIT}::numeric AS most
  FROM used_by u JOIN pg_attribute a ON a.attrelid = u.relation AND a.attnum = u.attnum
  JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class r ON r.oid = u.relation
  WHERE r.relkind IN ('r', 'p') ORDER BY u.sequence, ${TYPE_LIMIT}, r.relname, a.attname
), placed AS (
  SELECT n.nspname AS schema, c.relname AS name, k.name AS column, k.type AS column_type, s.seqincrement, s.seqmin, s.seqmax,
    k.most, has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable,
    CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN pg_sequence_last_value(c.oid) END::numeric AS last,
    CASE WHEN s.seqincrement > 0 THEN least(s.seqmax, k.most) ELSE s.seqmin::numeric END AS "limit"
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN columns k ON k.sequence = c.oid
  WHERE NOT s.seqcycle AND n.nspname = ANY ($1)
)
SELECT schema, name, "column", column_type AS "columnType", last::float8 AS last, "limit"::float8 AS "limit", readable,
  seqincrement > 0 AND coalesce(most < seqmax, false) AS "columnEndsFirst",
  CASE WHEN NOT readable THEN NULL WHEN last IS NULL THEN 0
    WHEN seqincrement > 0 THEN (last - seqmin) / nullif("limit" - seqmin, 0)
    ELSE (seqmax - last) / nullif(seqmax - "limit", 0) END::float8 AS used
FROM placed ORDER BY schema, name`
