import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Address, type D1Settings, type Session, withSession } from '../../database/index.ts'
import { temporaryFolder } from '../temporary.ts'

/** What a throw-away database is for. */
export interface ThrowAway {
  /** About how large it becomes. */
  readonly bytes: number
  /** Of the D1 database of which it is a copy. */
  readonly d1?: D1Settings
}

/** Larger ones need too much memory. */
const IN_MEMORY = 256 * 2 ** 20

/** Opens a new database in memory, or in a private file where it is large. It ends with `work`. */
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
