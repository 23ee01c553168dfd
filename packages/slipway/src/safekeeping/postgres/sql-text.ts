import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import type { ObjectName } from '../../statements/index.ts'

/** A call of one of Slipway's functions in the ledger's schema, as one command. */
export function call(
  { ledger }: Pick<Session, 'ledger'>,
  name: string,
  ...args: readonly string[]
): string {
  return `SELECT ${ledger}.${name}(${args.join(', ')})`
}

/** Like `call`, but does nothing if the role that a file has set may not call the function. */
export function callAsFar(
  ledger: Pick<Session, 'ledger'>,
  name: string,
  ...args: readonly string[]
): string {
  const body = call(ledger, name, ...args).replace(/^SELECT/, 'PERFORM')
  return `DO ${quoteLiteral(`BEGIN ${body}; EXCEPTION WHEN insufficient_privilege THEN NULL; END`)}`
}

/** A name as SQL text. */
export function quoted({ schema, name }: ObjectName): string {
  const own = quoteIdentifier(name)
  return schema === undefined ? own : `${quoteIdentifier(schema)}.${own}`
}

/** An array of texts as SQL. */
export function literals(texts: readonly string[]): string {
  return `ARRAY[${texts.map(quoteLiteral).join(', ')}]::text[]`
}
