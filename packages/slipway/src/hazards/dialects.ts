import type { ByDialect } from '../database/index.ts'
import { acceptanceHazards } from './accepted.ts'
import { raise } from './failures.ts'
import type { Hazard, Rule } from './hazard.ts'
import type { JudgeInput } from './judge-input.ts'
import { judgePostgres } from './judge.ts'
import { observedHazards } from './observed.ts'
import type { RewriteRequest, RewriteResult } from './rewrite-result.ts'
import { rewritePostgres } from './rewrite.ts'
import { rules as postgresRules } from './rules.ts'
import { judgeSqlite } from './sqlite/judge.ts'
import { rewriteSqlite } from './sqlite/rewrite/rewrite.ts'
import { sqliteRules } from './sqlite/rules.ts'

/** The public part of a rule. Its page is docs/hazards/<id>.md. */
export type RuleInfo = Pick<Rule, 'id' | 'title'>

/** The hazards of one dialect. */
interface DialectHazards {
  readonly rules: readonly RuleInfo[]
  judge(judging: JudgeInput): Hazard[]
  rewrite(request: RewriteRequest): RewriteResult[]
}

const HAZARDS: ByDialect<DialectHazards> = {
  postgres: { rules: postgresRules, judge: judgePostgres, rewrite: rewritePostgres },
  sqlite: { rules: sqliteRules, judge: judgeSqlite, rewrite: rewriteSqlite },
}

/** Every built-in rule of each dialect. No two have the same id. */
export const rules: readonly RuleInfo[] = Object.values(HAZARDS).flatMap((one) => one.rules)

/**
 * The hazards of migrations, in the order of their statements. The same input gives the same output.
 * Hazards that the SQL itself accepts (`-- slipway: accept <id> (<reason>)`) are left out. The dialect's
 * parser must be loaded. Fails with HAZARDS.DUPLICATE_RULE.
 */
export function judge(judging: JudgeInput): Hazard[] {
  refuseTakenIds(judging.rules ?? [])
  return HAZARDS[judging.facts.dialect ?? 'postgres'].judge(judging)
}

/**
 * Rewrites each migration to its safe form, with the same end state. Statements without a safe form stay
 * byte for byte, as do comments and accepted hazards.
 */
export function rewrite(request: RewriteRequest): RewriteResult[] {
  refuseTakenIds(request.rules ?? [])
  return HAZARDS[request.facts.dialect ?? 'postgres'].rewrite(request)
}

function refuseTakenIds(own: readonly Rule[]): void {
  const builtIn = [...rules, ...acceptanceHazards, ...observedHazards]
  const taken = new Set<string>(builtIn.map(({ id }) => id))
  for (const { id } of own) {
    if (taken.has(id)) {
      raise('HAZARDS.DUPLICATE_RULE', {
        message: `There are two rules with the id ${id}.`,
        why: 'An accept comment names a rule by its id, so ids must be unique.',
      })
    }
    taken.add(id)
  }
}
