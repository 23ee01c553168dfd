import type { Rule } from './hazard.ts'

/** Types a file of rules. Returns its argument unchanged. */
export function defineRules(rules: readonly Rule[]): readonly Rule[] {
  return rules
}
