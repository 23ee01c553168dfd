import type { Command } from './command.ts'
import { BACKUPS } from './manual/backup.ts'
import { CHANGE } from './manual/change.ts'
import { DEPLOY } from './manual/deploy.ts'
import { HELP } from './manual/help.ts'
import { LOOK } from './manual/look.ts'
import { RECOVER } from './manual/recover.ts'
import { START } from './manual/start.ts'

/** All commands, as `slipway --help` lists them. Their handlers are imported when they run. */
export const COMMANDS: readonly Command[] = [
  ...START,
  ...LOOK,
  ...CHANGE,
  ...DEPLOY,
  ...RECOVER,
  ...BACKUPS,
  ...HELP,
]
