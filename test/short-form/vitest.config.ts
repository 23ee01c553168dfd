import { mergeConfig } from 'vitest/config'
import everything from '../../vitest.config.ts'
import SlowFirst from './slow-first.ts'

/** `npm test`: see runner.ts. `npm run test:all` runs all tests. */
export default mergeConfig(everything, {
  root: `${import.meta.dirname}/../..`,
  test: { runner: './test/short-form/runner.ts', sequence: { sequencer: SlowFirst } },
})
