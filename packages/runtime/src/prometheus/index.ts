import { metrics } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { hasBearerToken } from '../bearer.ts'

export interface PrometheusOptions {
  /** If given, requests must have it: `Authorization: Bearer <token>`. */
  readonly token?: string
}

export interface Prometheus {
  /** A Web handler that answers a scrape, for a route such as `/api/metrics`. */
  readonly handler: (request: Request) => Promise<Response>
  readonly provider: MeterProvider
}

/**
 * Sets up OpenTelemetry metrics with Prometheus as the only reader, and makes it the global provider: call it before the
 * client is created. An application that already has an OpenTelemetry SDK does not need this; it adds its own reader.
 */
export function startPrometheus(options: PrometheusOptions = {}): Prometheus {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const serializer = new PrometheusSerializer()
  const provider = new MeterProvider({ readers: [exporter] })
  metrics.setGlobalMeterProvider(provider)
  return {
    provider,
    handler: async (request) => {
      if (options.token !== undefined && !hasBearerToken(request, options.token)) {
        return new Response('Unauthorized\n', {
          status: 401,
          headers: { 'www-authenticate': 'Bearer' },
        })
      }
      const { resourceMetrics } = await exporter.collect()
      return new Response(serializer.serialize(resourceMetrics), {
        headers: {
          'content-type': 'text/plain; version=0.0.4; charset=utf-8',
          'cache-control': 'no-store',
        },
      })
    },
  }
}
