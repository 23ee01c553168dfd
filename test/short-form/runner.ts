import path from 'node:path'
import {
  type RunnerTestCase,
  type RunnerTestFile,
  type RunnerTestSuite,
  TestRunner,
  type VitestTestRunner,
} from 'vitest'
import { slowFiles } from './slow-files.ts'

const root = path.join(import.meta.dirname, '../..')

/** Runs each n-th test of the slow files and all tests of the others. */
export default class ShortFormRunner extends TestRunner implements VitestTestRunner {
  onCollected(files: RunnerTestFile[] = []): void {
    for (const file of files) {
      const every = slowFiles[path.relative(root, file.filepath).replaceAll(path.sep, '/')] ?? 1
      for (const [index, test] of testsOf(file).entries()) {
        // The result informs the reporters, which already have the list of tests.
        if (index % every > 0) Object.assign(test, { mode: 'skip', result: { state: 'skip' } })
      }
    }
  }
}

function testsOf(suite: RunnerTestSuite): RunnerTestCase[] {
  return suite.tasks.flatMap((task) => (task.type === 'suite' ? testsOf(task) : [task]))
}
