import { readFileSync } from 'node:fs'

/** An account of the operating system. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/**
 * The account that a private server runs under: `own`, the current one. PostgreSQL refuses to run as
 * root, so for root it is the account `postgres`, or else `nobody`.
 */
export function serverAccount(): Account | 'own' | 'none' {
  if (process.getuid?.() !== 0) return 'own'
  try {
    const accounts = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
    const fields = ['postgres', 'nobody']
      .map((name) => accounts.find((account) => account[0] === name))
      .find((account) => account !== undefined)
    return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : 'none'
  } catch {
    return 'none'
  }
}
