import type { Project, Target } from '../../project/index.ts'
import type { Check } from '../check.ts'
import type { ExamineDeps } from '../examine.ts'
import { checkLocalDisk, checkPgDump } from '../machine.ts'
import { examineServer } from '../server.ts'
import { checkShadowServer } from '../shadow.ts'

/** The server, the one for shadow databases, and the client programs. */
export async function examinePostgres(
  project: Project,
  target: Target,
  { env, now }: ExamineDeps,
): Promise<readonly Check[]> {
  const server = await examineServer(target, now)
  return [
    ...server.checks,
    ...(await checkShadowServer(project)),
    await checkPgDump(env, server.major),
    await checkLocalDisk(project.root, server.databaseBytes),
  ]
}
