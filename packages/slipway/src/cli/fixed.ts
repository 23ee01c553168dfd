import type { FixedMigration } from '../check/index.ts'
import { advice, command, type NextAction } from '../kernel/index.ts'
import type { Finding } from './command.ts'
import { lineDiff } from './line-diff.ts'
import { type Block, heading, status } from './view.ts'

/** A migration in its safe form, and whether that was written. */
export interface ShownFix {
  readonly fixed: FixedMigration
  /** The text before. */
  readonly before: string
  readonly written: boolean
}

/** The `migrations` of the result. */
export function fixedResult(shown: readonly ShownFix[]) {
  return {
    migrations: shown.map(({ fixed: { name, rewritten, left, sql, refusal }, written }) => ({
      name,
      rewritten,
      left,
      sql,
      written,
      refusal: refusal ? { code: refusal.code, message: refusal.message } : null,
    })),
  }
}

/** A refused rewriting is an error; a hazard that stays, or that is not rewritten yet, is a warning. */
export function fixedFindings(shown: readonly ShownFix[]): Finding[] {
  return shown.flatMap(({ fixed, written }) => {
    const { path: file, refusal, rewritten, left } = fixed
    return [
      ...(refusal ? [refused(file, [refusal.message, refusal.why])] : []),
      ...(written || refusal
        ? []
        : rewritten.map(({ id, line, done }) => warning(id, done, { file, line }))),
      ...left.map(({ id, line, reason }) => warning(id, reason, { file, line })),
    ]
  })
}

function refused(file: string, sentences: readonly (string | undefined)[]): Finding {
  const message = sentences.filter(Boolean).join(' ')
  return { id: 'fix-refused', severity: 'error', message, where: { file } }
}

function warning(
  id: string,
  message: string,
  where: { readonly file: string; readonly line: number },
): Finding {
  return { id, severity: 'warning', message, where }
}

/** Each migration with what changes, why, and what stays. */
export function fixedBlocks(shown: readonly ShownFix[]): Block[] {
  return shown.flatMap(({ fixed, before, written }) => {
    const { name, edits, rewritten, left, refusal } = fixed
    const nothing = edits.length === 0 && left.length === 0
    return [
      heading(name),
      ...(nothing ? [status('done', 'Nothing to fix')] : []),
      ...(edits.length > 0 ? [{ kind: 'diff' as const, text: lineDiff(before, edits) }] : []),
      ...rewritten.map(({ id, done, statement }) =>
        status('done', done, `${id}, statement ${statement}`),
      ),
      ...left.map(({ id, reason, statement }) =>
        status('warning', reason, `${id}, statement ${statement}, left as it is`),
      ),
      ...(refusal ? [status('failed', [refusal.message, refusal.why].join(' '))] : []),
      ...(written ? [status('done', 'Written, and gives the same schema')] : []),
    ]
  })
}

/** What to do with the rewritten files. */
export function fixedNext(shown: readonly ShownFix[]): NextAction[] {
  const able = shown.filter(({ fixed }) => fixed.edits.length > 0 && !fixed.refusal)
  if (able.length === 0) return []
  const names = able.map(({ fixed }) => fixed.name)
  const applied = advice(
    'Fix only what no target has: one that has it already calls it edited from then on',
  )
  return able.every(({ written }) => written)
    ? [command(['check', ...names], 'test the down migration that was written'), applied]
    : [command(['fix', ...names, '--write'], 'write it'), applied]
}
