import type { Project, Target } from '../../project/index.ts'
import type { Check } from '../check.ts'
import type { ExamineDeps } from '../examine.ts'
import { checkLocalDisk, checkPgDump } from '../machine.ts'
import { examineServer } from '../server.ts'
import { checkShadowServer } from '../shadow.ts'

/** Checks the target's server, the server for shadow databases, `pg_dump` and the disk. */
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
