import type { Rule } from './hazard.ts'

/** Gives a file of rules its types; returns what it is given. */
export function defineRules(rules: readonly Rule[]): readonly Rule[] {
  return rules
}
