import type { Session } from '../database/index.ts'
import type { Destruction, TransactionGroup } from '../statements/index.ts'
import type { DataObjects } from './postgres/effects.ts'

/** Something that a transaction group destroyed and that nothing kept. */
export interface Missed {
  /** The same in each run of the group. */
  readonly key: string
  readonly destruction: Destruction
  /** The server counted it: it is not kept if the commands did not help. Otherwise there may have been nothing to keep. */
  readonly isSure: boolean
  /** Commands that keep it, before the group runs again. */
  readonly commands: readonly string[]
}

/** Sees to it that a migration destroys nothing that is not kept. */
export interface Keeper {
  /** Whether a group may destroy something: only then it is watched. */
  watches(group: TransactionGroup): boolean
  /** In the transaction of a group that has run: what it destroyed and what nothing kept. */
  missed(session: Session, group: TransactionGroup, before: DataObjects): Promise<Found>
  /** Remembers the positions of sequences that a group may move, for a rollback of its transaction does not move them back. */
  remember(session: Session, group: TransactionGroup): Promise<MovedBack>
  /** SQL before the end of the transaction. What is given is not kept. */
  endSql(group: TransactionGroup, found: Found, missed: readonly Missed[]): string
}

/** Moves sequences back after the rollback of a group; gives in sentences which it cannot move. */
export type MovedBack = () => Promise<readonly string[]>

/** What a look at a group found. */
export interface Found {
  readonly missed: readonly Missed[]
  /** Columns whose values were overwritten; more may have been where something is missed. */
  readonly overwritten: readonly OverwrittenColumn[]
  /** Tables of which something is kept, with their names before the group. */
  readonly names: Readonly<Record<string, TableNames>>
  /** A command before the group runs again: what a rolled back run has changed nevertheless. */
  readonly again: string
}

/** A column by the OID of its table and its number, with the names that it had when its values were overwritten. */
export interface OverwrittenColumn {
  readonly oid: string
  readonly number: string
  readonly names: readonly string[]
}

/** The names of a table: by the numbers of its columns. */
export interface TableNames {
  readonly schema: string
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
}
