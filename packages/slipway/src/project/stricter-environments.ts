import { ConnectionString } from '../kernel/index.ts'
import { ownConnectionTexts } from './owners.ts'
import type { Project } from './project.ts'
import type { Target } from './target.ts'
import { isUnprotectedEnvironment } from './unprotected-environments.ts'

/** An environment of the configuration, with the connection strings that only it has. */
export interface ConfiguredEnvironment {
  readonly name: string
  readonly urls: readonly ConnectionString[]
}

/**
 * The configured environments whose policy is stricter than that of the target: protected where the target is not, or
 * with consent for every change where the target needs none. The target can be the database of one of them although its
 * connection string differs, for example through a tunnel; only the servers can tell. The strictest come first.
 */
export async function stricterEnvironments(
  project: Project,
  { environment, address, protected: isProtected, policy }: Target,
): Promise<ConfiguredEnvironment[]> {
  if (address.kind !== 'postgres' || (isProtected && policy.confirm)) return []
  const found: ConfiguredEnvironment[] = []
  const environments = Object.entries(project.config.environments ?? {}).toSorted(
    ([, one], [, other]) => Number(other.confirm ?? false) - Number(one.confirm ?? false),
  )
  for (const [name, config] of environments) {
    const isStricter =
      (!isProtected && !isUnprotectedEnvironment(name)) || (!policy.confirm && config.confirm)
    if (name === environment || !isStricter) continue
    const texts = new Set(await ownConnectionTexts(project, name, config))
    if (texts.size > 0)
      found.push({ name, urls: [...texts].map((text) => new ConnectionString(text)) })
  }
  return found
}
