import { assertNever } from '../kernel/index.ts'
import { choiceText } from '../schema/index.ts'
import { destructionText } from '../statements/index.ts'
import type { Announcement } from './announced.ts'

/** What a down migration cannot promise, for people. */
export function announcementText(one: Announcement): string {
  switch (one.kind) {
    case 'stale':
      return 'stale: migration.sql was edited after this down migration was written'
    case 'loss':
      return one.kept
        ? `kept, to be restored: ${destructionText(one.loss)}`
        : `lossy: ${destructionText(one.loss)}`
    case 'choice':
      return `choice: ${choiceText(one)}`
    case 'irreversible':
      return `irreversible: ${one.reason}`
    case 'rows':
      return `rows: the changes of statement ${one.statements.join(', ')} are not undone`
    case 'note':
      return `${one.word}: ${one.text}`
    default:
      return assertNever(one)
  }
}
