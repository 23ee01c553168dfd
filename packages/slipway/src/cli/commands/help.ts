import type { Handler } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { help } from '../help.ts'

export const helpCommand: Handler = async ({ version }, { args }) => {
  return help(args, { commands: COMMANDS, version })
}
