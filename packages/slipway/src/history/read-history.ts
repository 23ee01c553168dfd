import type { Session } from '../database/index.ts'
import { readD1History } from './d1/d1-history.ts'
import { type History, readPrismaHistory } from './prisma-history.ts'

/** Reads the history of a database: Prisma's, or wrangler's on Cloudflare D1. Empty if its table does not exist. */
export async function readHistory(session: Session): Promise<History> {
  return session.d1 ? await readD1History(session, session.d1) : await readPrismaHistory(session)
}
