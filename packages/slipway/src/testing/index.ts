import { failureOf } from '../kernel/index.ts'
import {
  cloneDatabase,
  type ReadyServer,
  prepareServer,
  type TestDatabase,
  type TestOptions,
} from './clone.ts'
import { seedDatabase, type SeededSet } from './seed.ts'
import type { TestContent } from './test-project.ts'

export { testingFailures } from './failures.ts'
export type { ReadyServer, SeededSet, TestContent, TestDatabase, TestOptions }

/**
 * Creates a database for one test, with the project's migrations and the seed sets of its environment
 * `testing`: a copy of a template that is created once. Drop it in `afterEach`, or declare it with
 * `await using`.
 *
 * @example
 * const database = await testDatabase({ sets: ['testing'] })
 * const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) })
 */
export async function testDatabase(options: TestOptions = {}): Promise<TestDatabase> {
  return await withFailureInMessage(() => cloneDatabase(options))
}

/**
 * Finds or starts the test server and creates the template. Call it once before all tests, and pass its `url` to
 * the workers as TEST_DATABASE_URL.
 */
export async function testServer(options: TestOptions = {}): Promise<ReadyServer> {
  return await withFailureInMessage(() => prepareServer(options))
}

/** Runs seed sets on a test database that has the migrations. Resets rows that a test has changed. */
export async function seed(url: string, content: TestContent = {}): Promise<SeededSet[]> {
  return await withFailureInMessage(() => seedDatabase(url, content))
}

/** Adds reason and next actions of a failure to its message, because a test runner shows nothing else. */
async function withFailureInMessage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (failure && error instanceof Error) {
      const { message, why, nextActions } = failure
      const next = nextActions.map((one) => {
        if (one.kind === 'slipway') return `npx slipway ${one.args.join(' ')}`
        return one.kind === 'command' ? one.command : one.label
      })
      error.message = [`${failure.code}: ${message}`, why, ...next]
        .filter((line) => line !== undefined)
        .join('\n')
    }
    throw error
  }
}
