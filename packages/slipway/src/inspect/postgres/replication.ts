import { formatDuration } from '../../kernel/index.ts'
import {
  type Metric,
  type HealthFinding,
  NEEDS_MONITOR,
  type Probe,
  type CheckReading,
} from '../finding.ts'
import { bytesText, countText, momentText } from './names.ts'

interface Standby extends Readonly<Record<string, unknown>> {
  readonly name: string
  readonly state: string | null
  readonly seconds: number | null
  readonly bytes: number | null
}

interface Slot extends Readonly<Record<string, unknown>> {
  readonly name: string
  readonly type: string
  readonly active: boolean
  readonly status: string | null
  readonly bytes: number | null
}

/** Checks the lag of standbys, and the WAL that replication slots retain. On a standby: its own lag. */
export async function checkReplication(probe: Probe): Promise<CheckReading> {
  const { session, thresholds, readsAllStatistics } = probe
  const [server] = await session.query<{ standby: boolean }>(
    'SELECT pg_is_in_recovery() AS standby',
  )
  const slots = slotReading(await session.query<Slot>(SLOTS), thresholds)
  if (server?.standby) {
    const own = await readOwnLag(session)
    return {
      findings: [...lagFindings([own], thresholds), ...slots.findings],
      figures: [...lagFigures([own]), ...slots.figures],
    }
  }
  const standbys = await session.query<Standby>(STANDBYS)
  const hidden = !readsAllStatistics && standbys.some(({ state }) => state === null)
  return {
    findings: [...lagFindings(standbys, thresholds), ...slots.findings],
    figures: [...lagFigures(standbys), ...slots.figures],
    ...(hidden
      ? {
          unread: {
            extent: 'part',
            reason: `the lag of ${countText(standbys.length, 'replica')} ${NEEDS_MONITOR}`,
          },
        }
      : {}),
  }
}

/** The lag of this standby. It is zero if all received WAL is replayed, even if nothing was written for long. */
async function readOwnLag(session: Probe['session']): Promise<Standby> {
  const [row] = await session.query<Standby>(`
    SELECT 'this server' AS name, 'standby' AS state,
      pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 AS bytes,
      CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END::float8 AS seconds`)
  return row ?? { name: 'this server', state: 'standby', seconds: null, bytes: null }
}

function lagFindings(
  standbys: readonly Standby[],
  thresholds: Probe['thresholds'],
): HealthFinding[] {
  return standbys
    .filter(
      ({ seconds, bytes }) =>
        (seconds ?? 0) >= thresholds.replicationSeconds ||
        (bytes ?? 0) >= thresholds.retainedWalBytes,
    )
    .map(({ name, state, seconds, bytes }) => ({
      id: 'replication-lag',
      severity: 'warning',
      object: null,
      message: `The replica ${name} is ${seconds === null ? 'an unknown time' : formatDuration(seconds * 1000)}${bytes === null ? '' : ` and ${bytesText(bytes)}`} behind.`,
      evidence: { replica: name, state, seconds, bytes },
      fix: 'Look for a long query on the replica that holds replay back, a slow disk or network, and a write on the primary that is larger than usual.',
      sql: null,
    }))
}

function lagFigures(standbys: readonly Standby[]): Metric[] {
  return standbys.flatMap(({ name, seconds, bytes }) => [
    ...(seconds === null
      ? []
      : [
          {
            name: 'replication_lag_seconds',
            help: 'How far a replica is behind.',
            type: 'gauge' as const,
            value: seconds,
            labels: { replica: name },
          },
        ]),
    ...(bytes === null
      ? []
      : [
          {
            name: 'replication_lag_bytes',
            help: 'WAL that a replica has not replayed.',
            type: 'gauge' as const,
            value: bytes,
            labels: { replica: name },
          },
        ]),
  ])
}

function slotReading(
  slots: readonly Slot[],
  thresholds: Probe['thresholds'],
): { findings: HealthFinding[]; figures: Metric[] } {
  const findings = slots
    .filter(
      ({ active, status, bytes }) =>
        status === 'lost' ||
        status === 'unreserved' ||
        (!active && (bytes ?? 0) >= thresholds.retainedWalBytes),
    )
    .map(slotFinding)
  const figures = slots.flatMap(({ name, bytes }) =>
    bytes === null
      ? []
      : [
          {
            name: 'replication_slot_retained_bytes',
            help: 'WAL that the server keeps for a slot.',
            type: 'gauge' as const,
            value: bytes,
            labels: { slot: name },
          },
        ],
  )
  return { findings, figures }
}

function slotFinding({ name, type, active, status, bytes }: Slot): HealthFinding {
  const lost = status === 'lost' || status === 'unreserved'
  return {
    id: 'replication-slot',
    severity: lost ? 'error' : 'warning',
    object: null,
    message: lost
      ? `The replication slot ${name} ${status === 'lost' ? 'has lost' : 'is about to lose'} WAL that its replica needs (${status}).`
      : `No client is connected to the replication slot ${name}. The server keeps ${bytesText(bytes ?? 0)} of WAL for it and will eventually fill the disk.`,
    evidence: { slot: name, type, active, status, retainedBytes: bytes },
    fix: lost
      ? 'Raise max_slot_wal_keep_size, and build the replica again if it lost WAL.'
      : 'Start its replica or subscriber again, or drop the slot if it is no longer needed.',
    sql: lost || active ? null : `SELECT pg_drop_replication_slot(${literal(name)});`,
  }
}

/** Names of slots are lower-case letters, digits and underscores. */
function literal(name: string): string {
  return `'${name.replaceAll("'", "''")}'`
}

/**
 * Checks WAL archiving, which is all that a server itself records about backups, and
 * the age of Slipway's last backup.
 */
export async function checkBackup(probe: Probe): Promise<CheckReading> {
  const { session } = probe
  const [row] = await session.query<{
    mode: string
    archived: number | null
    failed: number | null
    failures: number
    age: number | null
  }>(`
    SELECT current_setting('archive_mode') AS mode, extract(epoch FROM last_archived_time)::float8 AS archived,
      extract(epoch FROM last_failed_time)::float8 AS failed, failed_count::float8 AS failures,
      extract(epoch FROM now() - last_archived_time)::float8 AS age
    FROM pg_stat_archiver`)
  const own = await ownBackups(probe)
  if (row === undefined || row.mode === 'off') return own('all')
  const { figures: known = [], ...rest } = own('part')
  const figures: readonly Metric[] =
    row.age === null
      ? known
      : [
          ...known,
          {
            name: 'last_archived_wal_seconds',
            help: 'Time since the server archived a WAL file.',
            type: 'gauge',
            value: row.age,
            labels: {},
          },
        ]
  if (row.failed === null || (row.archived !== null && row.archived > row.failed))
    return { figures, ...rest }
  const finding: HealthFinding = {
    id: 'archive-failing',
    severity: 'error',
    object: null,
    message: `The server cannot archive its WAL: the last attempt failed, ${countText(row.failures, 'attempt')} in all.`,
    evidence: {
      lastArchived: momentText(row.archived),
      lastFailed: momentText(row.failed),
      failures: row.failures,
    },
    fix: 'Read the log of the server for the error of archive_command. Until it works, a restore loses everything written since then, and the disk fills up.',
    sql: null,
  }
  return { ...rest, figures, findings: [finding, ...rest.findings] }
}

/** The age of Slipway's last backup, by the server's clock; `extent` is what is not read if there is none. */
async function ownBackups({
  session,
  lastBackup,
  thresholds,
}: Probe): Promise<(extent: 'all' | 'part') => CheckReading> {
  if (lastBackup === undefined) {
    return (extent) => ({ findings: [], figures: [], unread: { extent, reason: NO_BACKUPS } })
  }
  const [row] = await session.query<{ age: number }>(
    'SELECT extract(epoch FROM now() - $1::timestamptz)::float8 AS age',
    [lastBackup],
  )
  const age = row?.age ?? 0
  const figure: Metric = {
    name: 'last_backup_seconds',
    help: 'Time since Slipway made a backup.',
    type: 'gauge',
    value: age,
    labels: {},
  }
  const findings = age < thresholds.backupSeconds ? [] : [oldBackup(lastBackup, age)]
  return () => ({ findings, figures: [figure] })
}

function oldBackup(lastBackup: string, age: number): HealthFinding {
  const days = countText(Math.floor(age / 86_400), 'day')
  return {
    id: 'backup-old',
    severity: 'warning',
    object: null,
    message: `The last backup that Slipway made of this environment is ${days} old: a restore would lose everything written since then.`,
    evidence: { lastBackup, seconds: Math.floor(age) },
    fix: 'Create a backup, and find out why no schedule does.',
    sql: null,
  }
}

const NO_BACKUPS =
  'the time of the last backup is not readable: PostgreSQL does not record backups, and Slipway has none in the backup store of this environment'

const STANDBYS = `
SELECT CASE WHEN count(*) OVER (PARTITION BY application_name) = 1 THEN application_name
    ELSE application_name || ' (pid ' || pid || ')' END AS name, state, extract(epoch FROM replay_lag)::float8 AS seconds,
  pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 AS bytes
FROM pg_stat_replication ORDER BY 1`

const SLOTS = `
SELECT slot_name AS name, slot_type AS type, active, wal_status AS status,
  greatest(0, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn))::float8 AS bytes
FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name`
