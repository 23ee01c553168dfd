import os from 'node:os'

/** The name of the current user of this machine, or its number: a container can run without a named user. */
export function userName(): string {
  try {
    return os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
