import { raise } from '../failures.ts'
import type { RemoteD1, Session, SessionOptions } from '../port.ts'

/** Opens a session on a database of Cloudflare D1, by its REST API. */
export async function withD1<T>(
  { d1 }: RemoteD1,
  _options: SessionOptions,
  _work: (session: Session) => Promise<T>,
): Promise<T> {
  return raise('DATABASE.PROVIDER_UNSUPPORTED', { message: `Cannot reach ${d1.name} yet.` })
}
