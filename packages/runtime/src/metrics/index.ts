import { metrics as api, type Meter, ValueType } from '@opentelemetry/api'
import type { Pool } from 'pg'
import { classifyError } from '../errors/index.ts'
import { createExtension, type Extension } from '../extension.ts'
import { poolState } from '../pool/index.ts'

export interface MetricsOptions {
  /** Default: the global meter, which does nothing unless an SDK is set up before the client is created. */
  readonly meter?: Meter
}

/** Boundaries from OpenTelemetry's semantic conventions for databases, in seconds, with three more below 1 ms. */
const BOUNDARIES = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10,
]

/**
 * A Prisma extension that measures operations with the OpenTelemetry API. Names follow its semantic conventions for
 * databases where they define one:
 *
 * - `db.client.operation.duration` (s), by `db.collection.name` (model), `db.operation.name`, and `error.type`, which
 *   is the kind that `classifyError` returns;
 * - `db.client.connection.wait_time` (s), if the pool is from `createPool`;
 * - `slipway.operation.retries`, by model and action;
 * - `slipway.operation.results`, by `source`: `primary`, `replica`, `cache`.
 */
export function metrics(options: MetricsOptions = {}): Extension {
  const meter = options.meter ?? defaultMeter()
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of Prisma operations.',
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  })
  const wait = meter.createHistogram('db.client.connection.wait_time', {
    description: 'Time that operations waited for a connection of the pool.',
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  })
  const retries = meter.createCounter('slipway.operation.retries', {
    description: 'Attempts after the first.',
    valueType: ValueType.INT,
  })
  const results = meter.createCounter('slipway.operation.results', {
    description: 'Operations that succeeded, by where the result came from.',
    valueType: ValueType.INT,
  })
  const attributesOf = createAttributes()

  return createExtension(() => ({
    name: 'metrics',
    onOperation: async (operation, next) => {
      const begin = performance.now()
      const attributes = attributesOf(operation.model ?? 'raw', operation.action)
      try {
        const result = await next()
        duration.record((performance.now() - begin) / 1000, attributes)
        results.add(1, SOURCES[operation.source])
        return result
      } catch (error) {
        const type = { ...attributes, 'error.type': classifyError(error).kind }
        duration.record((performance.now() - begin) / 1000, type)
        throw error
      } finally {
        if (operation.poolWait > 0) wait.record(operation.poolWait / 1000)
        if (operation.retries > 0) retries.add(operation.retries, attributes)
      }
    },
  }))
}

/**
 * Measures a pool: `db.client.connection.count` by `db.client.connection.state` (`idle`, `used`),
 * `db.client.connection.max` and `db.client.connection.pending_requests`. `name` identifies the pool.
 */
export function measurePool(pool: Pool, name: string, options: MetricsOptions = {}): void {
  const meter = options.meter ?? defaultMeter()
  const gauge = (metric: string, description: string) =>
    meter.createObservableGauge(metric, { description, valueType: ValueType.INT })
  const open = gauge('db.client.connection.count', 'Open connections, by state.')
  const max = gauge('db.client.connection.max', 'Maximum number of connections.')
  const pending = gauge(
    'db.client.connection.pending_requests',
    'Operations that wait for a connection.',
  )
  const attributes = { 'db.client.connection.pool.name': name }
  meter.addBatchObservableCallback(
    (observe) => {
      const state = poolState(pool)
      const states = { idle: state.idle, used: state.open - state.idle }
      for (const [key, value] of Object.entries(states)) {
        observe.observe(open, value, { ...attributes, 'db.client.connection.state': key })
      }
      observe.observe(max, state.max, attributes)
      observe.observe(pending, state.waiting, attributes)
    },
    [open, max, pending],
  )
}

/** The replicas to measure or to check, such as a `ReplicaSet` of `slipway-runtime/replicas`. */
export interface MeasuredReplicas {
  status(): readonly {
    readonly name: string
    readonly usable: boolean
    /** In ms; undefined if it is unknown. */
    readonly lag: number | undefined
  }[]
}

/** Measures replicas: `slipway.replica.lag` (s) and `slipway.replica.usable` (0 or 1), by `replica`. */
export function measureReplicas(replicas: MeasuredReplicas, options: MetricsOptions = {}): void {
  const meter = options.meter ?? defaultMeter()
  const lag = meter.createObservableGauge('slipway.replica.lag', {
    description: 'How far a replica is behind its primary.',
    unit: 's',
  })
  const usable = meter.createObservableGauge('slipway.replica.usable', {
    description: 'Whether reads go to the replica.',
    valueType: ValueType.INT,
  })
  meter.addBatchObservableCallback(
    (observe) => {
      for (const replica of replicas.status()) {
        const attributes = { replica: replica.name }
        observe.observe(usable, replica.usable ? 1 : 0, attributes)
        if (replica.lag !== undefined) observe.observe(lag, replica.lag / 1000, attributes)
      }
    },
    [lag, usable],
  )
}

const SOURCES = {
  primary: { source: 'primary' },
  replica: { source: 'replica' },
  cache: { source: 'cache' },
} as const

function defaultMeter(): Meter {
  return api.getMeter('slipway-runtime')
}

/** Creates the attributes of each model and action only once, so that an operation allocates none. */
function createAttributes(): (model: string, action: string) => Record<string, string> {
  const known = new Map<string, Map<string, Record<string, string>>>()
  return (model, action) => {
    const actions = known.get(model) ?? new Map<string, Record<string, string>>()
    known.set(model, actions)
    const attributes = actions.get(action) ?? {
      'db.system.name': 'postgresql',
      'db.collection.name': model,
      'db.operation.name': action,
    }
    actions.set(action, attributes)
    return attributes
  }
}
