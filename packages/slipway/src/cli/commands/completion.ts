import { must } from '../../kernel/index.ts'
import { type Handler, report } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { completionScript } from '../completion.ts'

export const completion: Handler = async (_context, { args }) => {
  const shell = must(args[0], 'shell')
  const script = completionScript(shell, COMMANDS)
  return report({ shell, script }, [{ kind: 'plain', text: script }])
}
