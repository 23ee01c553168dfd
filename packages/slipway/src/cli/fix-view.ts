import type { FixResult } from '../app/index.ts'
import { lineDiff } from './line-diff.ts'
import { type Block, heading, status } from './view.ts'

/** Each migration with its changes, their reasons, and what stays unchanged. */
export function fixBlocks({ migrations }: FixResult): Block[] {
  return migrations.flatMap((one) => {
    const { name, before, written, edits, rewritten, left, refusal } = one
    const nothing = edits.length === 0 && left.length === 0
    return [
      heading(name),
      ...(nothing ? [status('done', 'Nothing to fix')] : []),
      ...(edits.length > 0 ? [{ kind: 'diff' as const, text: lineDiff(before, edits) }] : []),
      ...rewritten.map(({ id, done, statement }) =>
        status('done', done, `${id}, statement ${statement}`),
      ),
      ...left.map(({ id, reason, statement }) =>
        status('warning', reason, `${id}, statement ${statement}, unchanged`),
      ),
      ...(refusal
        ? [status('failed', [refusal.message, refusal.why].filter(Boolean).join(' '))]
        : []),
      ...(written ? [status('done', 'Written; it produces the same schema')] : []),
    ]
  })
}
