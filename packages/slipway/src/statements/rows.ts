import type { Statement } from './statement.ts'

/** Whether a statement writes rows and surely leaves the catalog as it is. */
export function changesRowsOnly({ text }: Pick<Statement, 'text'>): boolean {
  return /^(?:INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE)\b/i.test(text)
}
