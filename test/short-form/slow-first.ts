import path from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { slowFiles } from './slow-files.ts'

const root = path.join(import.meta.dirname, '../..')

/** Runs the slow files first, so that at the end no single worker is left with one of them. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => path.relative(root, moduleId) in slowFiles
    return [...files.filter(isSlow), ...files.filter((file) => !isSlow(file))]
  }
}
