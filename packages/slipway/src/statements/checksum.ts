import { sha256 } from '../kernel/index.ts'

/** Prisma's checksum of a migration: SHA-256 of the file's text, in hex. */
export function checksum(sql: string): string {
  return sha256(sql)
}

/**
 * Whether a recorded checksum matches this text. As in Prisma, line endings do not matter: a checkout on
 * Windows does not edit history.
 */
export function matchesChecksum(sql: string, recorded: string | null): boolean {
  if (recorded === null) return false
  if (checksum(sql) === recorded) return true
  if (!sql.includes('\n')) return false
  const unix = sql.replaceAll('\r\n', '\n')
  return checksum(unix) === recorded || checksum(unix.replaceAll('\n', '\r\n')) === recorded
}
