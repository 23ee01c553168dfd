import path from 'node:path'
import type { InitOptions, InitResult } from '../../app/index.ts'
import type { Context, Handler } from '../command.ts'
import type { Flags } from '../flags.ts'
import { presentOutcome } from '../present-outcome.ts'
import { type Block, status } from '../view.ts'

export const init: Handler = async (context, { flags }) =>
  presentOutcome(await context.slipway.init(await answers(context, flags)), view)

/** Prompts on a terminal for what no flag specifies; otherwise uses the defaults. */
async function answers({ prompt, yes }: Context, flags: Flags): Promise<InitOptions> {
  const asks = prompt.interactive && !yes
  const named = flags.list('environments')
  const environments =
    named.length > 0 || !asks
      ? named
      : (
          await prompt.text({
            message: 'Names of the environments?',
            flag: '--environments',
            initial: 'development, testing, staging, production',
          })
        )
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean)
  const gitignore =
    !flags.on('no-gitignore') &&
    (!asks ||
      (await prompt.confirm({ message: 'Add .slipway/ to .gitignore?', flag: '--no-gitignore' })))
  const scripts =
    !flags.on('no-scripts') &&
    (!asks ||
      (await prompt.confirm({
        message: 'Add the scripts db:dev, db:check, db:deploy and db:status to package.json?',
        flag: '--no-scripts',
      })))
  return { ...(environments.length > 0 ? { environments } : {}), gitignore, scripts }
}

function view({ config, environments, ignored, scripts, settings }: InitResult): Block[] {
  const fields = settings.map(({ name, value, source }) => ({ label: name, value, note: source }))
  const note = `${environments.join(', ')}; it explains every setting`
  return [
    status('done', `Wrote ${path.basename(config)}`, note),
    ...(ignored.length > 0 ? [status('done', 'Changed .gitignore', ignored.join(', '))] : []),
    ...(scripts.length > 0 ? [status('done', 'Changed package.json', scripts.join(', '))] : []),
    { kind: 'fields', fields },
  ]
}
