import { table, verdict } from '../markdown.ts'
import { median } from '../statistics.ts'
import type { BackupFigures } from './run.ts'

/** The results as a Markdown section: goals first, then the figures, then how they were measured. */
export function backupsSection(
  { runs, bytes }: BackupFigures,
  { rounds, version }: { readonly rounds: number; readonly version: string },
): string {
  const ms = (name: string) =>
    median(runs.find((one) => one.name === name)?.samples.map(({ wallMs }) => wallMs) ?? [])
  const ratio = (text: string, name: string, beside: string, most: number) => {
    const found = ms(name) / ms(beside)
    return [
      text,
      `${whole(ms(name))} ms / ${whole(ms(beside))} ms = ${found.toFixed(2)}`,
      verdict(found <= most),
    ]
  }
  const peak = Math.max(
    ...runs
      .filter(({ name }) => name.startsWith('backup'))
      .flatMap(({ samples }) => samples.flatMap(({ peakKiB }) => peakKiB ?? [])),
  )
  const piped = 'pg_dump -Fc -Z0 and zstd -3'
  return [
    '## Backups',
    `A database of ${(bytes / 1e9).toFixed(2)} GB. Medians of ${rounds} runs each. Written by \`npm run bench -- backups\`; do not edit.`,
    table(
      ['goal', 'measured', 'reached'],
      [
        ratio(
          'create: at most 1.25 × `pg_dump -Fc -Z0` and `zstd -3`',
          'backup create, without checksums',
          piped,
          1.25,
        ),
        ratio(
          'create, encrypted: at most 1.4 ×',
          'backup create, encrypted, without checksums',
          piped,
          1.4,
        ),
        ratio(
          'create: at most half of `pg_dump -Fc`',
          'backup create, without checksums',
          'pg_dump -Fc',
          0.5,
        ),
        ratio(
          'checksums of the rows: at most 1.3 × without',
          'backup create',
          'backup create, without checksums',
          1.3,
        ),
        ratio('restore: at most 1.1 × `pg_restore`', 'backup restore', 'pg_restore', 1.1),
        [
          'peak memory of each command: under 200 MB',
          `${((peak * 1024) / 1e6).toFixed(0)} MB`,
          verdict(peak * 1024 < 200e6),
        ],
      ],
    ),
    table(
      ['', 'ms', 'of each run', 'peak, MB'],
      runs.map(({ name, samples }) => [
        name,
        whole(ms(name)),
        samples.map(({ wallMs }) => whole(wallMs)).join(', '),
        whole((Math.max(...samples.map(({ peakKiB = NaN }) => peakKiB)) * 1024) / 1e6),
      ]),
    ),
    `PostgreSQL ${version}, a separate server on the same machine, with the defaults for durability; zstd and age of the machine. \`backup restore\` fills an empty database in one transaction and then compares schema, rows and sequences, which \`pg_restore\` does not; \`backup verify\` starts a private server, restores, compares, and examines all indexes with amcheck. Peak memory is that of the largest process of a command.`,
  ].join('\n\n')
}

function whole(value: number): string {
  return Number.isFinite(value) ? value.toFixed(0) : 'not measured'
}
