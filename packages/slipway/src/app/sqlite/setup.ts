import path from 'node:path'
import { findOtherWorkers, git, type Project } from '../../project/index.ts'
import { SCRIPTS } from '../package-scripts.ts'
import { IGNORED, type Setup } from '../setup.ts'
import { d1Template, fileTemplate } from './config-template.ts'

/** Of a project on D1, beside those of every project. */
const D1_SCRIPTS = {
  ...SCRIPTS,
  'db:deploy:remote': 'slipway deploy --remote',
  'db:status:remote': 'slipway status --remote',
}

/** What `init` writes into a project whose database is a SQLite file, or on Cloudflare D1. */
export async function sqliteSetup(
  project: Project,
  environments: readonly string[],
): Promise<Setup> {
  const { root, wrangler } = project
  const own = { folder: root, lines: IGNORED }
  const workers = wrangler === undefined ? findOtherWorkers(root) : []
  if (wrangler === undefined && workers.length === 0) {
    const next = 'Give each environment its file in slipway.config.ts.'
    return { config: fileTemplate(environments), ignored: [own], scripts: SCRIPTS, next }
  }
  const config = d1Template(environments, {
    bindings: (wrangler?.databases ?? []).map(({ binding }) => binding),
    workers: workers.map((file) => path.relative(root, file).split(path.sep).join('/')),
    wranglerEnvironments: Object.keys(wrangler?.environments ?? {}),
  })
  const folders = wrangler === undefined ? [] : await ignoredState(path.dirname(wrangler.file))
  const ignored =
    folders[0] === root
      ? [{ folder: root, lines: [...IGNORED, STATE] }]
      : [own, ...folders.map((folder) => ({ folder, lines: [STATE] }))]
  const next =
    'Set CLOUDFLARE_API_TOKEN to a token with the permission D1:Edit for remote databases.'
  return { config, ignored, scripts: D1_SCRIPTS, next }
}

/** wrangler's state on this machine, with the local databases. */
const STATE = '.wrangler/'

/** The folder of a Worker, unless Git leaves out the state of wrangler there already. */
async function ignoredState(folder: string): Promise<string[]> {
  const ignores = await git(folder, ['check-ignore', '.wrangler/state'])
  return ignores === undefined || ignores === '' ? [folder] : []
}
