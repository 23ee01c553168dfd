import path from 'node:path'
import {
  findOtherWorkers,
  git,
  type Project,
  readWranglerConfig,
  type WranglerConfig,
} from '../../project/index.ts'
import { SCRIPTS } from '../package-scripts.ts'
import { IGNORED, type Setup } from '../setup.ts'
import { d1Template, fileTemplate } from './config-template.ts'

/** The scripts of a project on D1: those of every project, and two more. */
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
  const { root } = project
  const own = { folder: root, lines: IGNORED }
  const others = project.wrangler === undefined ? findOtherWorkers(root) : []
  const wrangler = project.wrangler ?? (await onlyWorker(root, others))
  if (wrangler === undefined && others.length === 0) {
    const next = 'Give each environment its file in slipway.config.ts.'
    return { config: fileTemplate(environments), ignored: [own], scripts: SCRIPTS, next }
  }
  const config = d1Template(environments, {
    bindings: (wrangler?.databases ?? []).map(({ binding }) => binding),
    workers: others.map((file) => shown(root, file)),
    wranglerEnvironments: Object.keys(wrangler?.environments ?? {}),
  })
  const folders = wrangler === undefined ? [] : await withoutIgnoredState(wrangler.file)
  const ignored =
    folders[0] === root
      ? [{ folder: root, lines: [...IGNORED, STATE] }]
      : [own, ...folders.map((folder) => ({ folder, lines: [STATE] }))]
  const next =
    'Set CLOUDFLARE_API_TOKEN to a token with the permission D1:Edit for remote databases.'
  return { config, ignored, scripts: D1_SCRIPTS, next }
}

/** The Worker that the configuration will name: the only one of the repository. */
async function onlyWorker(
  root: string,
  others: readonly string[],
): Promise<WranglerConfig | undefined> {
  const [file] = others
  if (file === undefined || others.length > 1) return undefined
  return await readWranglerConfig(file, shown(root, file))
}

/** A path as a configuration contains it: relative, with `/`. */
function shown(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/')
}

/** wrangler's state on this machine, with the local databases. */
const STATE = '.wrangler/'

/** The folder of a wrangler configuration, unless Git already ignores wrangler's state there. */
async function withoutIgnoredState(file: string): Promise<string[]> {
  const folder = path.dirname(file)
  const ignores = await git(folder, ['check-ignore', '.wrangler/state'])
  return ignores === undefined || ignores === '' ? [folder] : []
}
