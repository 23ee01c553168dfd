import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import type { ObjectName } from '../../statements/index.ts'

/** A call of one of our functions on the server, which are in the schema of the ledger, as one command. */
export function call(
  { ledger }: Pick<Session, 'ledger'>,
  name: string,
  ...args: readonly string[]
): string {
  return `SELECT ${ledger}.${name}(${args.join(', ')})`
}

/** The same, except that it does nothing if the role that a file has taken may not call it. */
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
