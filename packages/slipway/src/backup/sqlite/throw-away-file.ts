import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Address, type D1Settings, type Session, withSession } from '../../database/index.ts'
import { temporaryFolder } from '../temporary.ts'

/** Options of a throw-away database. */
export interface ThrowAway {
  /** Its expected size in bytes. */
  readonly bytes: number
  /** The settings of the D1 database, if it is a copy of one. */
  readonly d1?: D1Settings
}

/** The maximum size of a database in memory, in bytes. */
const IN_MEMORY = 256 * 2 ** 20

/** Opens a new database in memory, or in a private file if it is large. It is removed after `work`. */
export async function inThrowAway<T>(
  { bytes, d1 }: ThrowAway,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const opened = async (address: Address) =>
    await withSession(address, { applicationName: 'slipway backup', writableSchema: true }, work)
  const common = { kind: 'sqlite' as const, ...(d1 ? { d1 } : {}) }
  if (bytes <= IN_MEMORY) return await opened(common)
  const { folder, remove } = await temporaryFolder()
  try {
    const file = path.join(folder, 'copy.db')
    await writeFile(file, '', { mode: 0o600, flag: 'wx' })
    return await opened({ ...common, file })
  } finally {
    await remove()
  }
}
