import { execFileSync } from 'node:child_process'

/** The fields of a published package.json that show where its source is and where to report bugs. */
export interface RepositoryFields {
  readonly repository: { readonly type: 'git'; readonly url: string; readonly directory: string }
  readonly homepage: string
  readonly bugs: { readonly url: string }
}

/**
 * The location of the source of the package in `directory`: from the CI's repository variables, or else
 * from the remote `origin` of this clone. Undefined if neither is a web address: a clone of a folder has
 * no address that a reader could open.
 */
export function repositoryFields(
  directory: string,
  environment: NodeJS.ProcessEnv = process.env,
  origin: string | undefined = originUrl(),
): RepositoryFields | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = environment
  const web = server && name ? `${server}/${name}` : origin && webAddress(origin)
  if (!web) return undefined
  return {
    repository: { type: 'git', url: `git+${web}.git`, directory },
    homepage: `${web}/tree/main/${directory}#readme`,
    bugs: { url: `${web}/issues` },
  }
}

/** The web address of a remote, without the credentials that it may contain. */
function webAddress(remote: string): string | undefined {
  const [, host, name] =
    /^(?:https:\/\/|ssh:\/\/|(?=[^/:@]+@))(?:[^/@]+@)?([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?\/?$/.exec(
      remote,
    ) ?? []
  return host && name ? `https://${host}/${name}` : undefined
}

function originUrl(): string | undefined {
  try {
    return execFileSync('git', ['remote', 'get-url', 'origin'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}
