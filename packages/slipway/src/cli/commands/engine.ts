import { engineProgramPath } from '../../engine/index.ts'
import { type Handler, report } from '../command.ts'

export const engine: Handler = async () => {
  const path = engineProgramPath()
  return report({ path }, [{ kind: 'plain', text: path }])
}
