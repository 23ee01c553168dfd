import { raise } from './failures.ts'

/** Refuses names after `--accept` that the command does not know, with CLI.FLAG_VALUE. */
export function refuseUnknownAccepts(accepted: readonly string[], known: readonly string[]): void {
  const unknown = accepted.find((name) => !known.includes(name))
  if (unknown === undefined) return
  raise('CLI.FLAG_VALUE', {
    message: `\`--accept\` takes ${known.join(', ')}, not \`${unknown}\`.`,
  })
}
