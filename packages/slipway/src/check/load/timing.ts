import type { Observer } from '../../execution/index.ts'

/** When one attempt of a statement of the migration ran, in milliseconds. */
export interface Span {
  readonly statement: number
  readonly line: number
  readonly from: number
  readonly to: number
}

/** Records when each statement of a migration ran, even if it failed. */
export function observeTimes(now: () => number): {
  readonly observer: Observer
  readonly spans: readonly Span[]
} {
  const spans: Span[] = []
  const around: Observer['around'] = async ({ statements }, send) => {
    const from = now()
    try {
      await send()
    } finally {
      const [first] = statements
      if (first) spans.push({ statement: first.number, line: first.line, from, to: now() })
    }
  }
  return { observer: { wantsEach: () => true, around }, spans }
}
