import type { Reporter, TestModule } from 'vitest/node'

/** Ends a test run with one plain line, `12 passed, 0 failed`, for people and programs alike. */
export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // A file that does not load, or an error outside of any test, is also a failure.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length
    const counts = [`${count('passed')} passed`, `${count('failed') + broken} failed`]
    if (count('skipped') > 0) counts.push(`${count('skipped')} skipped`)
    process.stdout.write(`\n${counts.join(', ')}\n`)
  }
}
