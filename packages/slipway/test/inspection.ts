import { type HealthFinding, type Inspection, inspectTarget } from '../src/inspect/index.ts'
import type { InspectRequest } from '../src/inspect/index.ts'
import { ConnectionString } from '../src/kernel/index.ts'

/** Inspects a database, with the default thresholds unless a test overrides them. */
export async function inspect(
  url: string,
  options: Partial<InspectRequest> = {},
): Promise<Inspection> {
  return await inspectTarget({
    address: { kind: 'postgres', url: new ConnectionString(url) },
    migrations: [],
    deadlineMs: 60_000,
    ...options,
  })
}

/** The findings with an id, by the name of their object. */
export function named(
  { findings }: Inspection,
  id: HealthFinding['id'],
): Record<string, HealthFinding> {
  const own = findings.filter((one) => one.id === id)
  return Object.fromEntries(
    own.map((one) => [one.object && 'name' in one.object ? one.object.name : '', one]),
  )
}

/** The result of a check. */
export function checkNamed({ checks }: Inspection, name: string) {
  return checks.find((one) => one.name === name)
}

/** The connection string with another role. */
export function urlAs(url: string, role: string): string {
  return Object.assign(new URL(url), { username: role, password: 'x' }).href
}

/** For `expect.poll`: PostgreSQL 13 and 14 update statistics with a delay. Ends a test that hangs. */
export const EVENTUALLY = { timeout: 60_000 }
