/** A position in the write-ahead log: byte position and timeline. Different timelines cannot be compared. */
export interface Position {
  readonly timeline: number
  readonly lsn: bigint
}

/** What a token requires: to see what was written up to a position or, if that is unknown, to read the primary. */
export type Requirement = Position | 'primary'

/** `16/B374D848` as a number. */
export function parseLsn(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

export function formatToken(requirement: Requirement): string {
  if (requirement === 'primary') return 'primary'
  return `${requirement.timeline.toString(16)}-${requirement.lsn.toString(16)}`
}

/** Undefined for a text that is not a token; it may come from a cookie. */
export function parseToken(token: string | undefined): Requirement | undefined {
  if (token === 'primary') return 'primary'
  const found = /^([0-9a-f]{1,8})-([0-9a-f]{1,16})$/.exec(token ?? '')
  if (!found) return undefined
  return { timeline: Number.parseInt(found[1] ?? '', 16), lsn: BigInt(`0x${found[2]}`) }
}

/** Whether a server that has replayed up to `replayed` shows what `required` requires. */
export function satisfies(replayed: Position | undefined, required: Requirement): boolean {
  if (required === 'primary' || replayed === undefined) return false
  return replayed.timeline === required.timeline && replayed.lsn >= required.lsn
}

/** The requirement that includes both. */
export function latest(a: Requirement | undefined, b: Requirement): Requirement {
  if (a === undefined || b === 'primary') return b
  if (a === 'primary') return a
  // On different timelines the newer one counts: `b` was read last.
  return a.timeline === b.timeline && a.lsn > b.lsn ? a : b
}
