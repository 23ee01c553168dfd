import type { InspectResult } from '../app/index.ts'

/**
 * The figures of an inspection in the text format of Prometheus (exposition format 0.0.4), with the
 * number of findings by id and severity, and whether each check could be read.
 */
export function prometheusText({ database, figures, findings, checks }: InspectResult): string {
  const counted = Map.groupBy(findings, ({ id, severity }) => JSON.stringify({ id, severity }))
  const all = [
    ...figures,
    ...[...counted].map(([labels, { length }]) => ({
      name: 'inspect_findings',
      help: 'Findings of slipway inspect.',
      type: 'gauge' as const,
      value: length,
      labels: JSON.parse(labels) as Record<string, string>,
    })),
    ...checks.map(({ name, status }) => ({
      name: 'inspect_readable',
      help: 'Whether a check of slipway inspect could be read: 1 if read, 0.5 if partly read, 0 if not.',
      type: 'gauge' as const,
      value: { read: 1, 'partly-read': 0.5, 'not-readable': 0 }[status],
      labels: { check: name },
    })),
  ]
  const families = Map.groupBy(all, ({ name }) => name)
  return [...families]
    .flatMap(([name, members]) => [
      `# HELP slipway_${name} ${members[0]?.help}`,
      `# TYPE slipway_${name} ${members[0]?.type}`,
      ...members.map(
        ({ labels, value }) =>
          `slipway_${name}${labelText({ target: database, ...labels })} ${value}`,
      ),
    ])
    .join('\n')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return `{${parts.join(',')}}`
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
}
