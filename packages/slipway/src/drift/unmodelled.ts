const DIAGNOSTIC =
  /^\d+ unmodeled "(.+?)" objects? not managed by this engine \(e\.g\. (.*?)(, …)?\) — /s

/** The objects of a kind that is not compared, out of the catalog engine's words for them: `statistics object order_stats`. */
export function unmodelledObjects(diagnostic: string): string {
  const [, kind, names, more] = DIAGNOSTIC.exec(diagnostic) ?? []
  if (kind === undefined || names === undefined) return diagnostic
  return `${kind} ${names}${more === undefined ? '' : ' and others'}`
}
