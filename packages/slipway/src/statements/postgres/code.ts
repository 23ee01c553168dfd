import type { Node } from 'libpg-query'
import type { Action } from '../action.ts'
import { actionsOf } from './actions.ts'
import { codeOf, functionsIn, names } from './definition.ts'
import { parser, treeOf } from './parser.ts'
import { contentOf, identifierOf, isName, tokensOf, wordsOf } from './tokens.ts'

/** What code can do to data, as far as its text shows. */
export interface Code {
  /** What its statements do, whether they run or not. */
  readonly actions: readonly Action[]
  /** The columns that a trigger sets in its row, once for each assignment; `*` if it sets the whole row. */
  readonly assigned: readonly string[]
  /**
   * The literal parts of statements that it builds when it runs. In a language other than SQL: the whole
   * code.
   */
  readonly texts: readonly string[]
  /** The functions that it calls, without their schemas, once for each call in its text. */
  readonly calls: readonly string[]
  /** It handles errors: changes made before an error are undone. */
  readonly handlesErrors: boolean
  /** The routine that the statement creates, without its schema. */
  readonly creates?: string
}

/**
 * The code of a DO block, of a function or a procedure, or of a rule, from the text of the statement that runs or creates it.
 * Needs `loadParser` first.
 */
export function codeIn(sql: string): Code {
  const node = treeOf(sql)?.stmts?.[0]?.stmt
  if (node === undefined) return { ...NOTHING, texts: [sql] }
  if ('RuleStmt' in node) {
    const { actions = [], whereClause } = node.RuleStmt
    const code = ofNodes(actions, sql)
    return { ...NOTHING, ...code, calls: [...functionsIn(whereClause), ...code.calls] }
  }
  if ('DoStmt' in node) {
    const { args } = node.DoStmt
    return codeOfLanguage(optionOf(args, 'language') ?? 'plpgsql', codeOf(args), sql)
  }
  if (!('CreateFunctionStmt' in node)) return NOTHING
  const { options, sql_body, funcname } = node.CreateFunctionStmt
  const code = sql_body
    ? { ...NOTHING, ...ofNodes(queriesBelow(sql_body), sql), calls: functionsIn(sql_body) }
    : codeOfLanguage(optionOf(options, 'language') ?? 'sql', codeOf(options), sql)
  return { ...code, creates: names(funcname).at(-1) ?? '' }
}

/**
 * The functions that a text calls, once for each call, including in its literals. The function that a trigger
 * executes does not count. Needs `loadParser` first.
 */
export function callsIn(text: string): string[] {
  const words = wordsOf(text)
  const called = words.filter(
    (word, at) =>
      words[at + 1] === '(' &&
      isName(word) &&
      !/^(?:function|procedure)$/i.test(words[at - 1] ?? ''),
  )
  return called.map(identifierOf)
}

const NOTHING: Code = { actions: [], assigned: [], texts: [], calls: [], handlesErrors: false }

function codeOfLanguage(language: string, code: string, sql: string): Code {
  const calls = callsIn(code)
  switch (language.toLowerCase()) {
    case 'sql': {
      const tree = treeOf(code)
      if (tree === undefined) return { ...NOTHING, calls, texts: [code] }
      return { ...NOTHING, calls, actions: ofNodes(nodesOf(tree), code).actions }
    }
    case 'plpgsql':
      return { ...codeOfBlock(sql, code), calls }
    case 'c':
    case 'internal':
      return NOTHING
    default:
      return { ...NOTHING, calls, texts: [code] }
  }
}

function ofNodes(nodes: readonly Node[], text: string): Pick<Code, 'actions' | 'calls'> {
  const actions = nodes.flatMap((node) => actionsOf(node, { text, startByte: 0 }))
  return { actions, calls: functionsIn(nodes) }
}

function nodesOf(tree: ReturnType<typeof treeOf>): Node[] {
  return (tree?.stmts ?? []).flatMap(({ stmt }) => stmt ?? [])
}

/** The statements in the body of a function that is written as SQL, not as a string. */
function queriesBelow(value: unknown): Node[] {
  if (typeof value !== 'object' || value === null) return []
  const [kind = ''] = Object.keys(value)
  if (/^(?:Select|Insert|Update|Delete|Merge)Stmt$/.test(kind)) return [value as Node]
  return Object.values(value).flatMap(queriesBelow)
}

interface Block {
  /** SQL that runs as written, and expressions. */
  readonly queries: string[]
  /** Expressions whose value is run as SQL. */
  readonly computed: string[]
  readonly assignments: string[]
  /** The columns of NEW that the results of queries are written to. */
  readonly results: string[]
  handlesErrors: boolean
}

function codeOfBlock(sql: string, code: string): Omit<Code, 'calls'> {
  const block: Block = {
    queries: [],
    computed: [],
    assignments: [],
    results: [],
    handlesErrors: false,
  }
  try {
    search(parser().parsePlPgSQLSync(sql), block)
  } catch {
    return { ...NOTHING, texts: [code] }
  }
  const constant = block.computed.flatMap(constantText)
  const found = [...block.queries, ...constant].map((query) => ({ query, tree: treeOf(query) }))
  const unread = found.filter(({ query, tree }) => !tree && BEGINS_AS_COMMAND.test(query))
  return {
    actions: found.flatMap(({ query, tree }) => ofNodes(nodesOf(tree), query).actions),
    assigned: [...block.assignments.flatMap(assignedBy), ...block.results],
    texts: [
      ...unread.map(({ query }) => query),
      ...block.computed.filter((one) => constantText(one).length === 0).map(literalsIn),
    ],
    handlesErrors: block.handlesErrors,
  }
}

const BEGINS_AS_COMMAND = /^\s*(?:with|insert|update|delete|merge|truncate|drop|alter)\b/i

function search(value: unknown, block: Block): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, child] of Object.entries(value) as [string, Record<string, unknown>][]) {
    if (key === 'PLpgSQL_expr') block.queries.push(...queryOf({ [key]: child }))
    if (key === 'PLpgSQL_stmt_assign') block.assignments.push(...queryOf(child['expr']))
    if (key === 'PLpgSQL_stmt_dynexecute' || key === 'PLpgSQL_stmt_dynfors')
      block.computed.push(...queryOf(child['query']))
    if (key === 'PLpgSQL_row') block.results.push(...resultsIn(child['fields']))
    if (key === 'dynquery') block.computed.push(...queryOf(child))
    if (key === 'PLpgSQL_exception_block') block.handlesErrors = true
    search(child, block)
  }
}

function resultsIn(fields: unknown): string[] {
  return ((fields ?? []) as readonly { readonly name?: string }[]).flatMap(({ name = '' }) =>
    name.startsWith('new.') ? [name.slice('new.'.length)] : [],
  )
}

/** The text of an expression or a statement of PL/pgSQL. */
export function queryOf(expression: unknown): string[] {
  const { PLpgSQL_expr: found } = (expression ?? {}) as { PLpgSQL_expr?: { query?: string } }
  return found?.query === undefined ? [] : [found.query]
}

/** The value of an expression if it is a constant. */
export function constantText(expression: string): string[] {
  const select = treeOf(`SELECT ${expression}`)?.stmts?.[0]?.stmt
  const [target] = (select && 'SelectStmt' in select && select.SelectStmt.targetList) || []
  const value = target && 'ResTarget' in target ? target.ResTarget.val : undefined
  return value && 'A_Const' in value && value.A_Const.sval ? [value.A_Const.sval.sval ?? ''] : []
}

/**
 * The literals of an expression whose value begins with a literal, also as the first argument of `format`.
 * Empty for any other expression.
 */
function literalsIn(expression: string): string {
  if (!/^\s*(?:(?:pg_catalog\.)?(?:format|concat)\s*\()?\s*(?:E?'|\$)/i.test(expression)) return ''
  const literals = tokensOf(expression).flatMap(({ text }) => contentOf(text) ?? [])
  return literals.join(' ')
}

const ASSIGNED = /^\s*new\s*(?:\.\s*("(?:[^"]|"")+"|[\p{L}_][\p{L}\w$]*))?[^=:]*:?=/iu

function assignedBy(assignment: string): string[] {
  const found = ASSIGNED.exec(assignment)
  return found === null ? [] : [found[1] === undefined ? '*' : identifierOf(found[1])]
}

function optionOf(options: readonly Node[] | undefined, name: string): string | undefined {
  const found = (options ?? []).flatMap((item) =>
    'DefElem' in item && item.DefElem.defname === name && item.DefElem.arg
      ? names([item.DefElem.arg])
      : [],
  )
  return found[0]
}
