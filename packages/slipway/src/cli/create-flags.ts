import type { CreateOptions } from '../app/index.ts'
import type { Context } from './command.ts'
import type { Flags } from './flags.ts'
import type { Prompter } from './terminal/prompt.ts'

type AskRenames = NonNullable<CreateOptions['chooseRenames']>

/** The options that the flags of `create` and `dev` set for the migration to write. */
export function createOptions({ prompt }: Context, flags: Flags): CreateOptions {
  return {
    renames: flags.list('rename'),
    noRename: flags.on('no-rename'),
    empty: flags.on('empty'),
    ...(prompt.interactive ? { chooseRenames: askWith(prompt) } : {}),
  }
}

/** Asks for each candidate whether it is a rename. Skips candidates that share a name with a chosen one. */
function askWith(prompt: Prompter): AskRenames {
  return async (candidates) => {
    const chosen: (typeof candidates)[number][] = []
    for (const one of candidates) {
      if (chosen.some(({ from, to }) => from === one.from || to === one.to)) continue
      const message = `Is ${one.kind} ${one.from} renamed to ${one.to}? If not, it is dropped and the other one is added.`
      const answer = await prompt.select({
        message,
        flag: `--rename ${one.flag}`,
        choices: [
          { value: 'rename', label: 'Yes, rename it' },
          { value: 'drop', label: 'No, drop it and add the other one' },
        ],
      })
      if (answer === 'rename') chosen.push(one)
    }
    return chosen.map(({ flag }) => flag)
  }
}
