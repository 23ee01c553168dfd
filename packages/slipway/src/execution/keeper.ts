import type { Session } from '../database/index.ts'
import type { Destruction, TransactionGroup } from '../statements/index.ts'
import type { DataObjects } from './postgres/read-effects.ts'

/** Something that a transaction group destroyed and that was not kept. */
export interface UnkeptData {
  /** The same in each run of the group. */
  readonly key: string
  readonly destruction: Destruction
  /** Whether the server counted it: then it is lost if the commands did not keep it. If not, it may have been empty. */
  readonly isSure: boolean
  /** Commands that run before the group runs again, to keep it. */
  readonly commands: readonly string[]
}

/** Ensures that a migration destroys nothing that is not kept. */
export interface Keeper {
  /** Whether a group may destroy something; only such groups are watched. */
  watches(group: TransactionGroup): boolean
  /** Reads, in the transaction of a group that has run, what it destroyed and what was not kept. */
  findUnkept(
    session: Session,
    group: TransactionGroup,
    before: DataObjects,
  ): Promise<KeeperFindings>
  /** Reads the positions of sequences that a group may move: rolling back its transaction does not move them back. */
  remember(session: Session, group: TransactionGroup): Promise<MovedBack>
  /** SQL that runs before the end of the transaction. `missed` is not kept. */
  endSql(group: TransactionGroup, found: KeeperFindings, missed: readonly UnkeptData[]): string
}

/** Moves sequences back after the rollback of a group; returns a sentence for each one that it cannot move. */
export type MovedBack = () => Promise<readonly string[]>

/** What the keeper found in the transaction of a group. */
export interface KeeperFindings {
  readonly missed: readonly UnkeptData[]
  /** Columns whose values were overwritten; incomplete if something was missed. */
  readonly overwritten: readonly OverwrittenColumn[]
  /** Tables with kept data, with their names before the group. */
  readonly names: Readonly<Record<string, TableNames>>
  /** A command that runs before the group runs again: it records what the rolled back run changed permanently. */
  readonly again: string
}

/** A column by the OID of its table and its number, with the names that it had when its values were overwritten. */
export interface OverwrittenColumn {
  readonly oid: string
  readonly number: string
  readonly names: readonly string[]
}

/** The name of a table, and the names of its columns by column number. */
export interface TableNames {
  readonly schema: string
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
}
