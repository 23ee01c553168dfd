import path from 'node:path'

/** What tells how a person started Slipway. */
export interface Start {
  /** As `process.argv`: Node, the script, the arguments. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Of Slipway. */
  readonly version: string
}

/**
 * How the person started Slipway, as the words before a command: `npx slipway`, `pnpm exec slipway`, `slipway`. Package
 * managers leave their name in `npm_config_user_agent`; one that was fetched for a single call is named with its
 * version, so that the next call runs the same.
 */
export function programOf(start: Start): string {
  const { argv, env, version } = start
  const script = (argv[1] ?? '').replaceAll('\\', '/')
  const fetched = /\/(?:_npx|dlx|bunx)[-/]|\/dlx-/.test(script)
  const name = fetched ? `slipway@${version}` : 'slipway'
  switch (managerOf(env)) {
    case 'npm':
      return `npx ${name}`
    case 'pnpm':
      return fetched ? `pnpm dlx ${name}` : 'pnpm exec slipway'
    case 'yarn':
      return fetched ? `yarn dlx ${name}` : 'yarn slipway'
    case 'bun':
      return `bunx ${name}`
    default:
      return withoutManager(script, start)
  }
}

function managerOf(env: Start['env']): string | undefined {
  const agent = env['npm_config_user_agent']?.split('/')[0]
  if (agent) return agent
  // Of a package manager that leaves the path of its program alone.
  const program = path.basename(env['npm_execpath'] ?? '')
  return /^(?:npm|pnpm|yarn|bun)/.exec(program)?.[0]
}

function withoutManager(script: string, { env, cwd }: Start): string {
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(path.delimiter)
  if (script === '' || folders.includes(path.dirname(script))) return 'slipway'
  if (/\/node_modules\/\.bin\/[^/]+$/.test(script)) return 'npx slipway'
  const relative = path.relative(cwd, script)
  const shown = relative.startsWith('..') ? script : relative
  return `node ${/^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown}'`}`
}
