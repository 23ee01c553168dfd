import type { Emit } from '../kernel/index.ts'

const EVERY_MS = 500

/** Reports the progress of a transfer, at most twice a second. */
export function progressOf(
  emit: Emit,
  what: string,
  expectedBytes: number,
): (bytes: number) => void {
  const began = performance.now()
  let last = began
  return (bytes) => {
    const now = performance.now()
    if (now - last < EVERY_MS) return
    last = now
    emit({ kind: 'transferred', what, bytes, expectedBytes, ms: Math.round(now - began) })
  }
}
