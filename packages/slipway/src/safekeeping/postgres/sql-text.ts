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

/** A name as SQL text. */
export function quoted({ schema, name }: ObjectName): string {
  const own = quoteIdentifier(name)
  return schema === undefined ? own : `${quoteIdentifier(schema)}.${own}`
}

/** An array of texts as SQL. */
export function literals(texts: readonly string[]): string {
  return `ARRAY[${texts.map(quoteLiteral).join(', ')}]::text[]`
}
