/** What one check found. `fail` takes the instance out of rotation; `warn` is for people. */
export interface CheckResult {
  readonly status: 'pass' | 'warn' | 'fail'
  /** What is wrong, in words; absent if nothing is. */
  readonly problem?: string
  /** What was measured. Times in ms. */
  readonly facts?: Readonly<Record<string, unknown>>
}

export interface HealthReport {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, CheckResult>>
  /** When it was created, in ms since 1970. */
  readonly at: number
}

export type Check = () => Promise<CheckResult>

export function pass(facts: CheckResult['facts']): CheckResult {
  return { status: 'pass', ...(facts && { facts }) }
}

export function warn(problem: string, facts?: CheckResult['facts']): CheckResult {
  return { status: 'warn', problem, ...(facts && { facts }) }
}

export function fail(problem: string, facts?: CheckResult['facts']): CheckResult {
  return { status: 'fail', problem, ...(facts && { facts }) }
}

/** Runs all checks at the same time; one that throws or takes longer than `timeout` ms has failed. */
export async function runChecks(
  checks: Readonly<Record<string, Check>>,
  timeout: number,
): Promise<HealthReport> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, CheckResult]> => [
      name,
      await withinTime(check, timeout),
    ]),
  )
  const ready = results.every(([, { status }]) => status !== 'fail')
  return { ready, checks: Object.fromEntries(results), at: Date.now() }
}

async function withinTime(check: Check, timeout: number): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve(fail(`No answer within ${timeout} ms.`)), timeout)
  })
  try {
    return await Promise.race([check(), late])
  } catch (error) {
    // Only the kind of error: messages of drivers and Prisma may contain hosts, users and values.
    return fail(`The check failed (${error instanceof Error ? error.name : typeof error}).`)
  } finally {
    clearTimeout(timer)
  }
}
