import type { HealthFinding, Probe, CheckReading } from '../finding.ts'
import { bytesText, countText, momentText, namesOf, percentText } from './names.ts'

interface TableActivity extends Readonly<Record<string, unknown>> {
  readonly schema: string
  readonly name: string
  readonly dead: number
  readonly live: number
  readonly modified: number
  /** The number of dead rows, and of changed rows, at which autovacuum processes the table. */
  readonly vacuumAt: number
  readonly analyzeAt: number
  readonly autovacuum: boolean
  readonly vacuumed: number | null
  readonly analyzed: number | null
}

/**
 * Finds tables on which autovacuum does not keep up, by its own thresholds:
 * dead rows and outdated statistics.
 */
export async function checkVacuum(probe: Probe): Promise<CheckReading> {
  const [row] = await probe.session.query<{ counted: boolean }>(
    "SELECT reset_val::bool AS counted FROM pg_settings WHERE name = 'track_counts'",
  )
  if (!row?.counted)
    return {
      findings: [],
      unread: { extent: 'all', reason: 'not readable: needs track_counts = on' },
    }
  const tables = await probe.session.query<TableActivity>(ACTIVITY, [probe.schemas])
  return {
    findings: tables.flatMap((table) => [
      ...vacuumFinding(probe, table),
      ...analyzeFinding(probe, table),
    ]),
  }
}

function vacuumFinding({ session, thresholds }: Probe, table: TableActivity): HealthFinding[] {
  const { dead, live, vacuumAt, autovacuum } = table
  if (dead < thresholds.deadRows || dead < vacuumAt * thresholds.vacuumOverdue) return []
  const names = namesOf(session)
  const off = autovacuum ? '' : ' Autovacuum is off for it.'
  return [
    {
      id: 'table-needs-vacuum',
      severity: 'warning',
      object: names.ref('table', table),
      message: `The table ${names.text(table)} has ${countText(dead, 'dead row')} and ${countText(live, 'live row')}.${off}`,
      evidence: {
        deadRows: dead,
        liveRows: live,
        autovacuumAt: Math.round(vacuumAt),
        autovacuum,
        lastVacuum: momentText(table.vacuumed),
      },
      fix: autovacuum
        ? 'Run VACUUM. If dead rows stay, look for a long transaction; if they return, lower autovacuum_vacuum_scale_factor of the table.'
        : 'Run VACUUM, and turn autovacuum on again.',
      sql: `VACUUM (ANALYZE) ${names.sql(table)};`,
    },
  ]
}

function analyzeFinding({ session, thresholds }: Probe, table: TableActivity): HealthFinding[] {
  const { modified, live, analyzeAt, autovacuum, analyzed } = table
  const stale = modified >= thresholds.deadRows && modified >= analyzeAt * thresholds.vacuumOverdue
  if (!stale) return []
  const names = namesOf(session)
  const since = analyzed === null ? 'and was never analyzed' : 'since it was last analyzed'
  return [
    {
      id: 'table-needs-analyze',
      severity: 'warning',
      object: names.ref('table', table),
      message: `In the table ${names.text(table)} ${countText(modified, 'row')} changed ${since}: the planner uses outdated statistics.`,
      evidence: {
        changedRows: modified,
        liveRows: live,
        autoanalyzeAt: Math.round(analyzeAt),
        autovacuum,
        lastAnalyze: momentText(analyzed),
      },
      fix: 'Run ANALYZE. If it happens again, see whether autovacuum is on and keeps up.',
      sql: `ANALYZE ${names.sql(table)};`,
    },
  ]
}

interface BloatEstimate extends Readonly<Record<string, unknown>> {
  readonly kind: 'table' | 'index'
  readonly schema: string
  readonly table: string
  readonly name: string
  readonly bytes: number
  readonly needed: number
  readonly readable: boolean
  /** Whether some column has no statistics. */
  readonly unknown: boolean
}

/**
 * Estimates the space of tables and B-tree indexes that their rows do not need, from the average column
 * widths in the statistics of the last ANALYZE. Unlike pgstattuple_approx, it reads no rows.
 */
export async function checkBloat({ session, schemas, thresholds }: Probe): Promise<CheckReading> {
  const all = await session.query<BloatEstimate>(BLOAT, [schemas])
  const hidden = [
    ...new Set(
      all
        .filter(({ readable }) => !readable)
        .map(({ schema, table }) => namesOf(session).text({ schema, name: table })),
    ),
  ]
  const known = all.filter(({ readable, unknown }) => readable && !unknown)
  const findings = known
    .filter(
      ({ bytes, needed }) =>
        bytes - needed >= thresholds.bloatBytes && bytes - needed >= bytes * thresholds.bloatRatio,
    )
    .toSorted((a, b) => b.bytes - b.needed - (a.bytes - a.needed))
    .map((one) => bloatFinding(one, namesOf(session)))
  if (hidden.length === 0) return { findings }
  const more = hidden.length > 3 ? ` and ${hidden.length - 3} more` : ''
  const reason = `not readable: needs SELECT on ${hidden.slice(0, 3).join(', ')}${more}`
  return { findings, unread: { extent: known.length > 0 ? 'part' : 'all', reason } }
}

function bloatFinding(estimate: BloatEstimate, names: ReturnType<typeof namesOf>): HealthFinding {
  const { kind, bytes, needed } = estimate
  const wasted = bytes - needed
  return {
    id: kind === 'table' ? 'table-bloat' : 'index-bloat',
    severity: 'notice',
    object: names.ref(kind, estimate),
    message: `About ${bytesText(wasted)} of the ${bytesText(bytes)} of the ${kind} ${names.text(estimate)} are free or dead (${percentText(wasted / bytes)}; an estimate).`,
    evidence: { bytes, estimatedBytes: needed, wastedBytes: wasted, ratio: wasted / bytes },
    fix:
      kind === 'table'
        ? 'The server uses the space again, but each scan reads it. pg_repack returns it without a long lock; VACUUM FULL locks the table for as long as it copies the rows.'
        : 'Build it again without blocking writes.',
    sql: kind === 'table' ? null : `REINDEX INDEX CONCURRENTLY ${names.sql(estimate)};`,
  }
}

/**
 * Checks how many blocks of the database were found in shared buffers. Other blocks may come from the
 * operating system's cache.
 */
export async function checkCache({ session, thresholds }: Probe): Promise<CheckReading> {
  const [row] = await session.query<{
    hit: number
    read: number
    since: number | null
    buffers: string
  }>(`
    SELECT blks_hit::float8 AS hit, blks_read::float8 AS read, extract(epoch FROM stats_reset)::float8 AS since,
      current_setting('shared_buffers') AS buffers
    FROM pg_stat_database WHERE datname = current_database()`)
  const { hit = 0, read = 0, since = null, buffers = '' } = row ?? {}
  const ratio = hit + read === 0 ? 1 : hit / (hit + read)
  const figures = [
    {
      name: 'database_cache_hit_ratio',
      help: 'Part of the block reads that the shared buffers answered.',
      type: 'gauge',
      value: ratio,
      labels: {},
    },
  ] as const
  if (hit + read < thresholds.cacheBlocks || ratio >= thresholds.cacheHitNotice)
    return { findings: [], figures }
  const finding: HealthFinding = {
    id: 'cache-misses',
    severity: ratio < thresholds.cacheHitWarning ? 'warning' : 'notice',
    object: { kind: 'database', name: session.server.database },
    message: `The server found ${percentText(ratio)} of the blocks of ${session.server.database} in its memory.`,
    evidence: { ratio, hits: hit, reads: read, since: momentText(since), sharedBuffers: buffers },
    fix: 'First look for statements that read whole tables. If there are none, the data that is in use is larger than shared_buffers.',
    sql: null,
  }
  return { findings: [finding], figures }
}

/** A storage parameter of a table, or otherwise the server's setting. */
function setting(name: string): string {
  return `coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = '${name}'),
    current_setting('${name}')::float8)`
}

const ACTIVITY = `
SELECT *, least(vacuum_at, CASE WHEN most >= 0 THEN most END) AS "vacuumAt" FROM (
  SELECT n.nspname AS schema, c.relname AS name, s.n_dead_tup::float8 AS dead, s.n_live_tup::float8 AS live,
    s.n_mod_since_analyze::float8 AS modified,
    ${setting('autovacuum_vacuum_threshold')} + ${setting('autovacuum_vacuum_scale_factor')} * greatest(c.reltuples, 0) AS vacuum_at,
    coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_vacuum_max_threshold'),
      current_setting('autovacuum_vacuum_max_threshold', true)::float8) AS most,
    ${setting('autovacuum_analyze_threshold')} + ${setting('autovacuum_analyze_scale_factor')} * greatest(c.reltuples, 0) AS "analyzeAt",
    current_setting('autovacuum')::bool AND coalesce((SELECT option_value::bool FROM pg_options_to_table(c.reloptions)
      WHERE option_name = 'autovacuum_enabled'), true) AS autovacuum,
    extract(epoch FROM greatest(s.last_vacuum, s.last_autovacuum))::float8 AS vacuumed,
    extract(epoch FROM greatest(s.last_analyze, s.last_autoanalyze))::float8 AS analyzed
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_all_tables s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'm') AND n.nspname = ANY ($1)
) AS t
ORDER BY dead DESC, schema, name`

/** A size rounded up to the server's alignment. */
function aligned(bytes: string): string {
  return `(ceil((${bytes}) / 8.0) * 8)`
}

/**
 * A page has a header of 24 bytes. A row has a pointer of 4 bytes, a header of 23, and one bit per column
 * if any is NULL.
 */
const BLOAT = `
WITH relations AS (
  SELECT c.oid, 'table' AS kind, n.nspname AS schema, c.relname AS table, c.relname AS name, c.oid AS table_oid,
    c.relpages, c.reltuples, c.reloptions, 100 AS fill,
    ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpages > 1 AND c.reltuples >= 0 AND n.nspname = ANY ($1)
  UNION ALL
  SELECT x.oid, 'index', n.nspname, t.relname, x.relname, t.oid, x.relpages, x.reltuples, x.reloptions, 90,
    ARRAY(SELECT a.attname FROM unnest(i.indkey::int2[]) AS k JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k)
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_am m ON m.oid = x.relam
  WHERE m.amname = 'btree' AND x.relkind = 'i' AND i.indexprs IS NULL AND x.relpages > 1 AND x.reltuples >= 0
    AND n.nspname = ANY ($1)
), measured AS (
  SELECT r.*, current_setting('block_size')::float8 AS page,
    has_table_privilege(r.table_oid, 'SELECT') AS readable, count(s.attname) < cardinality(r.columns) AS unknown,
    coalesce(sum((1 - s.null_frac) * s.avg_width), 0)::float8 AS width,
    CASE WHEN bool_or(s.null_frac > 0) THEN ceil(cardinality(r.columns) / 8.0) ELSE 0 END AS nulls,
    coalesce((SELECT option_value::float8 FROM pg_options_to_table(r.reloptions) WHERE option_name = 'fillfactor'), r.fill) / 100 AS filled
  FROM relations r LEFT JOIN pg_stats s ON s.schemaname = r.schema AND s.tablename = r.table
    AND s.attname = ANY (r.columns) AND NOT s.inherited
  GROUP BY r.oid, r.kind, r.schema, r.table, r.name, r.table_oid, r.relpages, r.reltuples, r.reloptions, r.fill, r.columns
)
SELECT kind, schema, "table", name, readable, unknown, relpages * page AS bytes,
  least(relpages, ceil(reltuples * (4 + ${aligned("CASE kind WHEN 'table' THEN 23 ELSE 8 END + nulls")} + ${aligned('width')})
    / ((page - 24) * filled)) + 1) * page AS needed
FROM measured
ORDER BY schema, "table", kind DESC, name`
