import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Session } from '../../database/index.ts'
import { advice, type Emit, failureOf } from '../../kernel/index.ts'
import type { Keys } from '../encryption.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import { openPart } from '../parts.ts'
import { progressOf } from '../progress.ts'
import type { Store } from '../store.ts'
import { END } from './dump-text.ts'
import { FRAME } from './row-lines.ts'

/** The backup to restore, and the options. */
export interface RestoreWork {
  readonly store: Store
  readonly manifest: Manifest
  readonly keys: Keys
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** Runs a dump on a new database, in one transaction. Fails with BACKUP.RESTORE_FAILED. */
export async function restoreDump(
  session: Session,
  { store, manifest, keys, signal, emit }: RestoreWork,
): Promise<void> {
  const part = manifest.parts.find(({ kind }) => kind === 'dump')
  if (part === undefined) {
    return raise('BACKUP.MANIFEST_INVALID', {
      message: `The manifest of ${manifest.id} cannot be used.`,
      why: 'It names no dump.',
    })
  }
  const onBytes = progressOf(emit, `restore ${manifest.id}`, manifest.databaseBytes)
  const plain = await openPart(store, manifest, part, keys)
  try {
    let last = ''
    for await (const statements of wholeStatements(plain, onBytes)) {
      signal.throwIfAborted()
      await session.execute(statements)
      last = statements || last
    }
    if (!last.trimEnd().endsWith(END)) refuseRestore('The dump is incomplete.')
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.code !== 'DATABASE.STATEMENT') throw error
    refuseRestore(failure.message)
  }
}

function refuseRestore(why: string): never {
  return raise('BACKUP.RESTORE_FAILED', {
    message: 'The backup could not be restored.',
    why,
    nextActions: [advice('Restore another backup, or read the dump with `zstd -d`.')],
  })
}

/** The approximate number of characters run at a time. */
const RUN = 1 << 19

/** Splits the text of a dump at ends of statements. */
async function* wholeStatements(
  plain: Readable,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let bytes = 0
  let text = ''
  /** The start of the next line, and the number of remaining lines of its statement. */
  let at = 0
  let lines = 0
  let searched = 0
  for await (const chunk of plain as AsyncIterable<Buffer>) {
    onBytes((bytes += chunk.length))
    text += decoder.write(chunk)
    let whole = 0
    for (let end = text.indexOf('\n', searched); end >= 0; end = text.indexOf('\n', searched)) {
      if (lines === 0 && text.startsWith(FRAME, at)) {
        lines = Number(text.slice(at + FRAME.length, end))
      } else {
        lines = Math.max(0, lines - 1)
        if (lines === 0) whole = end + 1
      }
      at = end + 1
      searched = at
    }
    searched = text.length
    if (whole < RUN) continue
    yield text.slice(0, whole)
    text = text.slice(whole)
    at -= whole
    searched -= whole
  }
  yield text + decoder.end()
}
