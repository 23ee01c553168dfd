import path from 'node:path'

/** The parts of the process that show how the user started Slipway. */
export interface Start {
  /** Like `process.argv`: Node, the script, the arguments. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The version of Slipway. */
  readonly version: string
}

/**
 * How the user started Slipway, as the words before a command: `npx slipway`, `pnpm exec slipway`, `slipway`.
 * Package managers set `npm_config_user_agent` to their name. If Slipway was downloaded for a single call,
 * its version is added, so that the next call runs the same version.
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
  // Some package managers set only the path of their program.
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
